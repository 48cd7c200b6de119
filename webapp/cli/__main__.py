"""``python -m webapp.cli``: how ``lantoa up`` starts the other roles."""

from webapp.cli import main

main()
