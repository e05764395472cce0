"""Quarters that were frozen, on pages that print well and as workbooks."""
