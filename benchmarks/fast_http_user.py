"""
Locust's FastHttpUser on the same streams: it reads the bytes and judges nothing.

Usage: `python fast_http_user.py URL USERS SECONDS BODY`; it prints the number of
streams and CPU seconds.
"""

from __future__ import annotations

import sys
import time

import gevent
import locust
from locust.env import Environment

OK = 200


def main(url: str, users: int, seconds: float, body: str) -> None:
    done = [0]

    class Reader(locust.FastHttpUser):
        host = url

        @locust.task
        def read(self) -> None:
            with self.client.post(
                "/v1/chat/completions",
                data=body,
                headers={"content-type": "application/json"},
                stream=True,
                catch_response=True,
            ) as response:
                while response.stream.read(65_536):
                    pass
                done[0] += response.status_code == OK

    environment = Environment(user_classes=[Reader])
    runner = environment.create_local_runner()
    runner.start(users, spawn_rate=users)
    gevent.sleep(1.0)
    before, used = done[0], time.process_time()
    gevent.sleep(seconds)
    print(done[0] - before, time.process_time() - used)
    runner.quit()


main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
