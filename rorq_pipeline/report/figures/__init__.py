"""Figures as plotly's plain data: dictionaries of data and layout.

A colour is the name of a custom property of the page's style sheet ("--blue", or "--blue@0.2"
with its opacity). The page resolves it when it draws, so that one figure serves light and dark.
"""
