// Unfold 0.110 makes paragraphs known to Trix as blocks that belong together: as soon as a form
// opens, every run of them becomes one paragraph. Headings are kept apart this way; so are these.
Trix.config.blockAttributes.p.group = false
