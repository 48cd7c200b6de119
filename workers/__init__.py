"""Programs that do the work behind the pages: they claim jobs, prepare clips, and sweep."""
