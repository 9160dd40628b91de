"""Work on other machines: `dask.distributed` behind one function, and what is given to it.

`work.run_on_cluster` runs a function over named tasks and is the only door to dask; `cells` has the
month cells of `strategy.surface` made through it. The package `distributed` is an extra of the
installation, imported where a cluster is asked for.
"""
