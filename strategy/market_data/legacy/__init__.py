"""The predecessor's pickled cache, taken over without running its pickles."""
