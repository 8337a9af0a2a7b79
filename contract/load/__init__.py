"""
Load tests: many requests on a schedule, each reply triaged, a sample of them judged.

Imports: catalog, client, detection, engines, errors, files, model, plugins, run,
tokens. Third parties: gevent, hdrh, locust.
"""
