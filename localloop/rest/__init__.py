"""One request, top to bottom: route → authenticate → admit → decode → operate → render."""
