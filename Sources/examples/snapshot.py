#!/usr/bin/env python3
"""Saves the next image that swiftletd sees, as its camera made it: snapshot.py OUT.jpg [SOCKET]
A segmenter's mask, a byte with the class for each pixel, goes to OUT.jpg.pgm.

The image comes as a file descriptor beside its line, which only recvmsg receives: a file made of the socket loses it.
"""
import json
import os
import socket
import sys


def lines(stream):
    """Yields each line as an object, with the descriptor that came with it or None."""
    data, descriptors = b"", []
    while True:
        part, control, _, _ = stream.recvmsg(65536, socket.CMSG_SPACE(4))
        if not part:
            return
        for level, kind, content in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.append(int.from_bytes(content[:4], sys.byteorder))
        *whole, data = (data + part).split(b"\n")
        for line in whole:
            event = json.loads(line)
            has_image = event["type"] == "snapshot" and descriptors
            yield event, descriptors.pop(0) if has_image else None


def main(out, path="/run/swiftlet/swiftlet.sock"):
    stream = socket.socket(socket.AF_UNIX)
    if error := stream.connect_ex(path):
        print(f"no swiftletd at {path} ({os.strerror(error)}): start it, or name its socket", file=sys.stderr)
        return 69
    request = b'{"snapshot":true}\n'
    stream.sendall(request)
    for event, descriptor in lines(stream):
        if event["type"] == "error" or event.get("protocol", 1) != 1:
            print("swiftletd:", event.get("message", "speaks a protocol other than 1"), file=sys.stderr)
            return 76
        if event["type"] != "snapshot":
            continue
        image = mask = b""
        if descriptor is not None:
            with open(descriptor, "rb") as file:
                image = file.read(event["bytes"])
                if "mask" in event:
                    file.seek(event["mask"]["offset"])
                    mask = file.read()
        if len(image) < event["bytes"]:  # it was not fetched within two seconds and has been taken back
            stream.sendall(request)
            continue
        if event["format"] != "MJPG":
            print(f"the camera sends {event['format']}: swiftlet snapshot makes a JPEG of it", file=sys.stderr)
            return 65
        with open(out, "wb") as file:
            file.write(image)
        if mask:
            with open(out + ".pgm", "wb") as file:
                file.write(b"P5 %d %d 255\n" % (event["mask"]["width_px"], event["mask"]["height_px"]) + mask)
        labels = ", ".join(found["label"] for found in event.get("detections") or event.get("classes") or ()) or "nothing"
        print(f"{out}: image {event['picture']}, {event['width_px']}x{event['height_px']}, shows {labels}")
        return 0
    print("swiftletd has closed the connection before an image came", file=sys.stderr)
    return 69


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__.splitlines()[0])
    sys.exit(main(*sys.argv[1:]))
