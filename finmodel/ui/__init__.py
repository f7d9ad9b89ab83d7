"""The app: pages that show what other layers compute."""
