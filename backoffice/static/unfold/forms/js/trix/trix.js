// Stands in for the editor of the theme, which no page of ours loads.
