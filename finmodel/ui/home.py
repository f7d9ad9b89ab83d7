"""The one page of today: a stored run, its answer, its tables, what it rests on."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from finmodel import store
from finmodel.errors import FinmodelError
from finmodel.report import headline
from finmodel.variables import DIMENSIONS, VARIABLES, Language, label, variable_of

SHOWN = (
    "viable_ask_mcny",
    "gap_mcny",
    "gap_mcny_se",
    "gap_rate_mcny",
    "gap_rate_mcny_se",
    "gap_rate_mcny_q05",
    "gap_rate_mcny_q95",
    "gap_n",
    "gap_rate_n",
)
TEXT = {
    "en": {
        "run": "Run",
        "by": "By",
        "none": "No stored run yet. Make one with: `finmodel run scenarios/yrd_baseline.toml`",
        "rests": "Every number it rests on",
        "error": "This run cannot be read",
    },
    "zh": {
        "run": "运行",
        "by": "维度",
        "none": "尚无已保存的运行。请先执行：`finmodel run scenarios/yrd_baseline.toml`",
        "rests": "所依据的全部数值",
        "error": "无法读取该运行",
    },
}


def heading(column: str, language: Language) -> str:
    """Return the label of a column with its unit and statistic."""
    if column in DIMENSIONS:
        return label(column, language)
    name = variable_of(column).name
    assert name in VARIABLES
    rest = column.removeprefix(name).strip("_").replace("_", ", ")
    return f"{label(column, language)} ({rest})" if rest else label(column, language)


def main(root: Path = Path("runs")) -> None:
    """Draw the page."""
    st.set_page_config(page_title="finmodel", layout="wide")
    chosen = st.segmented_control("Language 语言", ["English", "中文"], default="English")
    language: Language = "zh" if chosen == "中文" else "en"
    text = TEXT[language]
    found = [path for path in root.glob(f"[!.]*/{store.MANIFEST}") if _is_run(path.parent)]
    manifests = sorted(found, key=lambda p: -p.stat().st_mtime)
    if not manifests:
        st.info(text["none"])
        return
    name = st.selectbox(text["run"], [path.parent.name for path in manifests])
    try:
        folder = store.open_run(root, str(name))
        manifest = store.read_manifest(folder)
        st.title(manifest[f"title_{language}"])
        st.markdown(f"**{headline(store.read_result(folder, 'gap_total'))}**")
        by = st.radio(
            text["by"],
            ["region", "stage"],
            format_func=lambda d: label(d, language),
            horizontal=True,
        )
        frame = store.read_result(folder, f"gap_{by}")
    except FinmodelError as error:
        st.error(f"{text['error']}: {error}")
        return
    shown = frame[[by, *SHOWN]].rename(columns=lambda c: heading(str(c), language))
    st.dataframe(shown, hide_index=True)
    st.subheader(text["rests"])
    st.dataframe(store.read_result(folder, "assumptions"), hide_index=True)


def _is_run(folder: Path) -> bool:
    """Return whether a folder holds one run, and not draws of a scenario."""
    return (folder / "gap_total.parquet").is_file()
