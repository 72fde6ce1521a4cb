"""From formulas with their reasons to documents: LaTeX, PDF, Markdown, HTML, notebooks, text."""
