#!/usr/bin/env python3
"""Prints image, label, score and box of each detection of swiftletd: detections.py [SOCKET [MINIMUM_SCORE]]"""
import json, os, socket, sys
if len(sys.argv) > 3:
    sys.exit(__doc__)
path, minimum = sys.argv[1:] + ["/run/swiftlet/swiftlet.sock", "0.5"][len(sys.argv) - 1:]
stream = socket.socket(socket.AF_UNIX)
if error := stream.connect_ex(path):
    print(f"no swiftletd at {path} ({os.strerror(error)}): start it, or name its socket", file=sys.stderr), sys.exit(69)
stream.sendall(b'{"min_score":%s}\n' % minimum.encode())
try:
    for line in stream.makefile(encoding="utf-8"):
        event = json.loads(line)
        if event["type"] == "error" or event.get("protocol", 1) != 1:
            print("swiftletd:", event.get("message", "speaks a protocol other than 1"), file=sys.stderr), sys.exit(76)
        for found in event.get("detections", event.get("classes", ()) if event["type"] == "frame" else ()):
            score = found.get("score", found.get("share"))  # of a segmenter's class: its share of the image
            if score >= float(minimum):  # frames that were under way before the request are complete
                print(event["picture"], found["label"], score, *found.get("box_px", ()), sep="\t", flush=True)
except BrokenPipeError:  # the reader has enough, as head does
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
except KeyboardInterrupt:
    sys.exit(130)
