"""
The proxy: a relay that notes what passes, and judges and saves it off the data path.

Imports: _version, client, detection, errors, mock_server, model, run, targets. Third
parties: httptools, httpx, uvloop.
"""
