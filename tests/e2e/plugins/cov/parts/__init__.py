LOADED = "at import"
