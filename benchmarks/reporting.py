"""One way to print a figure and its bound."""

from __future__ import annotations


def verdict(what: str, figure: float, bound: float, unit: str) -> bool:
    """Print the figure beside its upper bound; returns whether it is kept."""
    kept = figure <= bound
    print(f"  {'ok  ' if kept else 'OVER'} {what}: {figure:.2f} {unit} (bound {bound:.2f} {unit})", flush=True)
    return kept


def at_least(what: str, figure: float, bound: float, unit: str) -> bool:
    """Print the figure beside its lower bound; returns whether it is kept."""
    kept = figure >= bound
    print(f"  {'ok  ' if kept else 'UNDER'} {what}: {figure:.2f} {unit} (at least {bound:.2f} {unit})", flush=True)
    return kept


def title(text: str) -> None:
    """Begin a part."""
    print(f"\n{text}", flush=True)
