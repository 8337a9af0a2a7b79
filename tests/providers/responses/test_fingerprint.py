from contract.providers.responses.fingerprint import FINGERPRINT


def test_no_server_is_taken_for_one_of_this_surface():
    assert FINGERPRINT.recognise(None) is None
