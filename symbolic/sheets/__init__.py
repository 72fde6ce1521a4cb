"""Sheets of formulas: one op on a page, all ops on two."""
