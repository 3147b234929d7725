"""Event streams over Locust's FastHttpUser, one a user. STREAM_PATH is asked for; at its end it prints a line of JSON."""

import json
import os

from locust import FastHttpUser, constant, events, task

counts = {"eventCount": 0, "closeCount": 0, "gapCount": 0}


class StreamUser(FastHttpUser):
    network_timeout = 3600.0
    wait_time = constant(1)

    @task
    def hold(self):
        headers = {"accept": "text/event-stream"}
        with self.client.get(os.environ["STREAM_PATH"], headers=headers, stream=True) as response:
            if response.status_code == 200:
                read_events(response.stream)
                counts["closeCount"] += 1


def read_events(stream):
    """Returns when the response has ended."""
    last_id = None
    while line := stream.readline(b"\n"):
        if line.startswith(b"data:"):
            counts["eventCount"] += 1
        elif line.startswith(b"id:"):
            event_id = int(line[3:])
            if last_id is not None and event_id > last_id + 1:
                counts["gapCount"] += 1
            last_id = event_id


@events.quitting.add_listener
def report(environment, **_):
    errors = environment.stats.errors.values()
    refusals = sum(error.occurrences for error in errors if "429" in str(error.error))
    print(json.dumps({**counts, "refusalCount": refusals}), flush=True)
