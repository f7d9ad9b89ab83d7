"""Start the app: ``streamlit run app.py``."""

from finmodel.ui.home import main

if __name__ == "__main__":
    main()
