"""Fund economics: fees, recycling, waterfalls, metrics, pacing, and the plan of one fund."""
