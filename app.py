"""Start the app: ``streamlit run app.py``."""

from finmodel.ui.main import main

if __name__ == "__main__":
    main()
