"""What people are told: in the page at once, by mail through the jobs."""
