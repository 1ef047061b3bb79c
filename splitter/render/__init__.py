"""A plan as files that other tools run: plain SQL for psql, Alembic revisions, Django migrations. One module a format.

Each step is one file. They run what ``apply`` runs: the same statements in the same order, each only where its precondition asks for
it, with the same time-outs, given up and tried again for the same reasons. What keeps the account is the tool: there is no journal, and
so a step must be one that may be run again. They run on every database that has the plan's tables, a developer's and the tests' as well:
the plan's uuid and fingerprint are not asked for, its preconditions are.

Nothing of orglift is needed where they run. What Alembic and Django cannot do (give way, try again, repeat) is a page of plain Python,
``shipped``, that is written beside the migrations, and is reviewed and deployed with them: a migration that was tested does not change
because somebody upgrades a package, and an application's image does not have to contain the tool that planned its split.
"""
