/// What the server's own thread does.
extension StreamCore {
    /// After a failure to accept or to wait (no descriptors, no memory), nanoseconds until the next try.
    private static var failurePause: UInt64 { 1_000_000_000 }
    /// Connections accepted, and sends to one client, before others get their turn.
    private static var turn: Int { 16 }
    /// Portions of unread input that are taken away before a connection is closed: more than a socket's default buffer.
    private static var maximumUnread: Int { 64 }

    func run() {
        while true {
            let now = clinux_monotonic_ns()
            answerInputs(now)
            guard let deadline = prepare(now) else { break }
            let timeout = deadline == .max ? -1 : Int64(deadline > now ? deadline - now : 0)
            var ready: Int32 = 0
            let error = clinux_poll_wait(polls.baseAddress, polls.count, timeout, &ready)
            if error != 0, error != clinux_EINTR {
                // What made the wait fail may last. Waiting for nothing needs nothing that could be lacking.
                _ = clinux_poll_wait(nil, 0, Int64(Self.failurePause), &ready)
                continue
            }
            guard ready > 0 else { continue }
            if polls[1].revents != 0 { wake.clear() }
            for index in inputs.indices where polls[index + 2].revents != 0 {
                serve(index, polls[index + 2].revents)
            }
            if polls[0].revents != 0 { acceptClients() }
        }
        lock.locked {
            for index in clients.indices where clients[index].descriptor >= 0 { partWith(index) }
        }
    }

    /// Goes on with lines that came faster than they are answered.
    private func answerInputs(_ now: UInt64) {
        for index in inputs.indices
        where inputs[index].descriptor >= 0 && now >= inputs[index].pausedUntil && inputs[index].isPending {
            answerInput(index)
        }
    }

    /// Closes who is stuck and sets up what to wait for. Returns until when, or nil when the server is done.
    private func prepare(_ now: UInt64) -> UInt64? {
        let drainDeadline = lock.locked { self.drainDeadline }
        if drainDeadline != nil {
            socket = nil
            listener = -1
        }
        var deadline = drainDeadline ?? .max
        polls[1] = clinux_poll(fd: wake.descriptor, events: clinux_poll_in, revents: 0)
        polls[0] = clinux_poll(fd: -1, events: clinux_poll_in, revents: 0)
        if now < acceptPausedUntil {
            deadline = min(deadline, acceptPausedUntil)
        } else {
            polls[0].fd = listener
        }
        let connected = lock.locked {
            deadline = min(deadline, images.takeBack(due: now))
            for index in clients.indices {
                polls[index + 2] = clinux_poll(fd: -1, events: 0, revents: 0)
                if clients[index].descriptor >= 0 {
                    deadline = min(deadline, prepare(index, now, isDraining: drainDeadline != nil))
                }
            }
            return counted.clients
        }
        if let drainDeadline, connected == 0 || now >= drainDeadline { return nil }
        return deadline
    }

    /// The same for one client, under the lock.
    private func prepare(_ index: Int, _ now: UInt64, isDraining: Bool) -> UInt64 {
        let isWaiting = !clients[index].queue.isEmpty(hello: UnsafeRawBufferPointer(hello))
        var deadline = UInt64.max
        var events: Int16 = 0
        if isWaiting {
            deadline = clients[index].lastProgress + limits.stuckAfter
            events = clinux_poll_out
        }
        if isWaiting, now >= deadline {
            counted.stuck += 1
            partWith(index)
            return .max
        }
        if !isWaiting, isDraining || clients[index].isLeaving {
            disconnect(index)
            return .max
        }
        if now < inputs[index].pausedUntil {
            deadline = min(deadline, inputs[index].pausedUntil)
        } else if !inputs[index].hasEnded {
            events |= clinux_poll_in
        }
        polls[index + 2] = clinux_poll(fd: clients[index].descriptor, events: events, revents: 0)
        return deadline
    }

    private func serve(_ index: Int, _ events: Int16) {
        var isAlive = events & (clinux_poll_error | clinux_poll_hangup) == 0
        if isAlive, events & clinux_poll_in != 0 { isAlive = receiveInput(index) }
        if isAlive, events & clinux_poll_out != 0 { isAlive = send(index) }
        if !isAlive { lock.locked { disconnect(index) } }
    }

    /// Sends what the socket takes. The lock is held for one send at a time. False when the connection is broken.
    private func send(_ index: Int) -> Bool {
        for _ in 0..<Self.turn {
            var sent = 0
            var isDone = false
            let error: Int32 = lock.locked {
                let hello = UnsafeRawBufferPointer(self.hello)
                if clients[index].queue.isEmpty(hello: hello) {
                    isDone = true
                    return 0
                }
                let bytes = clients[index].queue.next(hello: hello)
                let error =
                    clients[index].queue.isAtDescriptorLine(hello: hello)
                    ? sendWithDescriptor(index, bytes, &sent)
                    : clinux_send(clients[index].descriptor, bytes.baseAddress!, bytes.count, &sent)
                guard error == 0 else { return error }
                counted.linesSent += UInt64(clients[index].queue.consumed(sent, hello: hello))
                clients[index].lastProgress = clinux_monotonic_ns()
                let spare = clients[index].queue.takeSpare()
                clinux_give_back(spare.baseAddress, spare.count)
                return 0
            }
            if error == clinux_EAGAIN || isDone { return true }
            if error != 0 { return false }
        }
        return true
    }

    private func acceptClients() {
        for _ in 0..<Self.turn {
            var descriptor: Int32 = -1
            let error = clinux_accept(polls[0].fd, Int32(limits.kernelBytes), &descriptor)
            if error == clinux_EAGAIN { return }
            let now = clinux_monotonic_ns()
            guard error == 0 else {
                acceptPausedUntil = now + Self.failurePause
                return
            }
            let isSeated = lock.locked {
                guard let place = clients.firstIndex(where: { $0.descriptor < 0 }) else {
                    counted.rejected += 1
                    return false
                }
                clients[place].open(descriptor, now: now)
                inputs[place].open(descriptor)
                if stateCount > 0 { queue(UnsafeRawBufferPointer(rebasing: state[..<stateCount]), for: place, now: now) }
                counted.clients += 1
                counted.accepted += 1
                return true
            }
            if isSeated {
                firstClient.signal()
            } else {
                var sent = 0
                _ = busyLine.withUnsafeBytes { clinux_send(descriptor, $0.baseAddress!, $0.count, &sent) }
                _ = clinux_close(descriptor)
            }
        }
    }

    /// Tells a client that has not taken what waits for it that this is the end, as far as its socket takes that, and
    /// closes its connection. Under the lock.
    private func partWith(_ index: Int) {
        let hello = UnsafeRawBufferPointer(self.hello)
        if !clients[index].queue.isEmpty(hello: hello) {
            // Nothing fits into the full socket any more; with more room the client finds whole lines, should it ever
            // look: the rest of the one that is under way, how many are missing, and why.
            let room = Int32(limits.kernelBytes + 2 * StreamProtocol.lineLimit)
            _ = clinux_set_send_buffer(clients[index].descriptor, room)
            counted.linesDropped += UInt64(clients[index].queue.dropWholeLines())
            _ = slowLine.withUnsafeBytes { clients[index].queue.append($0) }
            for _ in 0..<Self.turn where !clients[index].queue.isEmpty(hello: hello) {
                let bytes = clients[index].queue.next(hello: hello)
                var sent = 0
                guard clinux_send(clients[index].descriptor, bytes.baseAddress!, bytes.count, &sent) == 0 else { break }
                counted.linesSent += UInt64(clients[index].queue.consumed(sent, hello: hello))
            }
        }
        disconnect(index)
    }

    /// Under the lock.
    private func disconnect(_ index: Int) {
        guard clients[index].descriptor >= 0 else { return }
        // With unread input the client would see a reset connection instead of its end.
        clinux_stop_receiving(clients[index].descriptor)
        for _ in 0..<Self.maximumUnread {
            var got = 0
            let error = clinux_receive(clients[index].descriptor, discarded.baseAddress!, discarded.count, &got)
            if error != 0 || got == 0 { break }
        }
        _ = clinux_close(clients[index].descriptor)
        clients[index].descriptor = -1
        // The next client may get another place: otherwise every place would cost what its worst client has needed.
        let queue = clients[index].queue.memory
        clinux_give_back(queue.baseAddress, queue.count)
        inputs[index].close()
        counted.clients -= 1
    }
}
