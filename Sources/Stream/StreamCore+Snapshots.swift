/// Images for clients that ask for one. Capture copies an image only while a client waits for it; the line about it
/// goes into the client's queue like any other, and a descriptor goes with its first byte.
extension StreamCore {
    /// A client's request, on the server's thread.
    func requestSnapshot(_ index: Int) {
        guard limits.givesSnapshots else { return queueError(snapshotsOffLine, for: index) }
        // One that is waited for already is the same.
        lock.locked { clients[index].wantsSnapshot = true }
    }

    /// Whether the next image should be copied: a client can take it, and there is room for it.
    var wantsImage: Bool {
        guard limits.givesSnapshots else { return false }
        return lock.locked {
            guard drainDeadline == nil, images.hasRoom else { return false }
            for index in clients.indices where isReadyForSnapshot(index) { return true }
            return false
        }
    }

    /// Tells those who wait for an image why there is none.
    func rejectImage(_ error: ImageError) {
        let line = error == .tooLarge ? imageTooLargeLine : noImageMemoryLine
        lock.locked {
            for index in clients.indices where isReadyForSnapshot(index) {
                clients[index].wantsSnapshot = false
                line.withUnsafeBytes { queue($0, for: index, now: clinux_monotonic_ns()) }
            }
        }
        wake.signal()
    }

    /// Under the lock. A client that has not taken the last descriptor gets no other one: the system bounds how many
    /// may be under way.
    private func isReadyForSnapshot(_ index: Int) -> Bool {
        guard clients[index].descriptor >= 0, clients[index].wantsSnapshot, !clients[index].isLeaving,
            !clients[index].queue.hasDescriptorLine
        else { return false }
        guard clients[index].hasDescriptorUnderWay else { return true }
        guard clinux_peer_has_received_all(clients[index].descriptor) else { return false }
        clients[index].hasDescriptorUnderWay = false
        return true
    }

    /// Queues a frame's snapshot line for all who wait for one. Under the lock.
    func queueSnapshots(_ frame: FrameSegments, _ image: CapturedImage, now: UInt64) {
        var reference: SharedImages.Reference?
        for index in clients.indices where isReadyForSnapshot(index) {
            if reference == nil {
                reference = images.add(image, until: now + limits.imageLife)
                guard reference != nil else { return }
            }
            let head = snapshotHead.snapshotHead(image)
            let line = frame.line(for: clients[index].options, as: head, in: selection)
            clients[index].wantsSnapshot = false
            clients[index].image = reference
            queue(line, for: index, now: now, withDescriptor: true)
            counted.snapshots += 1
        }
    }

    /// Sends the line that is next in a client's queue with its image's descriptor, or alone where the image has
    /// been taken back meanwhile or too many descriptors are under way. Under the lock.
    func sendWithDescriptor(_ index: Int, _ bytes: UnsafeRawBufferPointer, _ sent: inout Int) -> Int32 {
        let descriptor = clients[index].image.map { images.open($0) } ?? -1
        guard descriptor >= 0 else {
            return clinux_send(clients[index].descriptor, bytes.baseAddress!, bytes.count, &sent)
        }
        defer { _ = clinux_close(descriptor) }
        let error = clinux_send_descriptor(
            clients[index].descriptor, bytes.baseAddress!, bytes.count, descriptor, &sent)
        if error == clinux_ETOOMANYREFS {
            return clinux_send(clients[index].descriptor, bytes.baseAddress!, bytes.count, &sent)
        }
        if error == 0 { clients[index].hasDescriptorUnderWay = true }
        return error
    }

    private func queueError(_ line: [UInt8], for index: Int) {
        lock.locked { line.withUnsafeBytes { queue($0, for: index, now: clinux_monotonic_ns()) } }
    }
}

extension JSONWriter {
    /// The beginning of a snapshot's line up to what a frame's line has behind its type. At most
    /// `StreamProtocol.snapshotHeadLimit` bytes.
    mutating func snapshotHead(_ image: CapturedImage) -> UnsafeRawBufferPointer {
        let shape = image.shape
        clear()
        beginObject()
        string("type", "snapshot")
        fourcc("format", shape.format.fourcc)
        integer("bytes", image.byteCount)
        if image.rotation != 0 {
            integer("rotate_deg", image.rotation)
        }
        if image.maskSize.width > 0 {
            beginObject("mask")
            integer("offset", image.byteCount)
            integer("width_px", image.maskSize.width)
            integer("height_px", image.maskSize.height)
            endObject()
        }
        guard shape.format != .mjpeg else { return written }
        beginArray("planes")
        for plane in 0..<shape.format.planeCount {
            beginObject()
            integer("offset", image.offsets[plane])
            integer("row_bytes", shape.rowBytes[plane])
            endObject()
        }
        endArray()
        string("matrix", shape.colour.matrix == .bt709 ? "bt709" : "bt601")
        boolean("full_range", shape.colour.isFullRange)
        return written
    }
}
