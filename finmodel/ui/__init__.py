"""The pages; `app.py` starts them. Pages show what is stored and compute nothing."""
