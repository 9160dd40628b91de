"""The parts of the embedded server: where it lives, its programs, processes, locks and watcher.

`optimize.database.embedded` puts them together.
"""
