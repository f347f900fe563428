/// What clients say. It all happens on the server's thread, so slowly that a flood costs nothing: one read and one
/// answer per client and `limits.inputPause`.
extension StreamCore {
    /// Takes what the client has sent and answers its first line. False when the connection is broken.
    func receiveInput(_ index: Int) -> Bool {
        let room = UnsafeMutableRawBufferPointer(rebasing: inputs[index].buffer[inputs[index].count...])
        guard let start = room.baseAddress, !room.isEmpty else { return true }
        var got = 0
        let error = clinux_receive(inputs[index].descriptor, start, room.count, &got)
        if error == clinux_EAGAIN { return true }
        guard error == 0 else { return false }
        // The end of input is not the end of the connection: `nc` shuts its side down and reads on.
        inputs[index].hasEnded = got == 0
        if !inputs[index].isIgnored { inputs[index].count += got }
        answerInput(index)
        return true
    }

    /// Answers one line of the client, if there is one.
    func answerInput(_ index: Int) {
        if let length = inputs[index].line {
            answer(UnsafeRawBufferPointer(inputs[index].buffer), length, of: index)
            inputs[index].drop(length)
        } else if inputs[index].count == inputs[index].buffer.count {
            reject(.tooLong, offset: nil, to: index)
            lock.locked { clients[index].isLeaving = true }
            inputs[index].isIgnored = true
            inputs[index].count = 0
        }
        inputs[index].pausedUntil = clinux_monotonic_ns() + limits.inputPause
    }

    private func answer(_ input: UnsafeRawBufferPointer, _ length: Int, of index: Int) {
        var end = length
        if end > 0, input[end - 1] == UInt8(ascii: "\n") { end -= 1 }
        if end > 0, input[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        let line = UnsafeRawBufferPointer(rebasing: input[..<end])
        var reader = ClientOptionsReader(line)
        let request: ClientRequest
        do throws(ClientLineError) {
            request = try reader.read(into: &incoming, labels: labels, firstClass: firstClass, scratch: inputScratch)
        } catch {
            return reject(error, offset: reader.offset, to: index)
        }
        switch request {
        case .snapshot: return requestSnapshot(index)
        case .status: return answerStatus(index)
        case .options: break
        }
        let classes = reader.classesText
        let classesText = incoming.isSelective ? UnsafeRawBufferPointer(rebasing: line[classes]) : nil
        do throws(StreamError) {
            let reply = try answers.optionsLine(incoming, classes: classesText)
            lock.locked {
                clients[index].options.copy(incoming)
                clients[index].framesToSkip = 0
                queue(reply, for: index, now: clinux_monotonic_ns())
            }
        } catch {
            // Every accepted line fits into an answer.
        }
    }

    /// The answer is made again for each client, at most as often as a single client may ask.
    private func answerStatus(_ index: Int) {
        let now = clinux_monotonic_ns()
        if statusLine == nil || now - statusMade >= limits.inputPause {
            statusLine = nil
            statusMade = now
            let counters = lock.locked { counted }
            statusWriter.beginStatus()
            writeStatus?(&statusWriter, counters)
            statusWriter.endStatus()
            if let line = try? statusWriter.line(), line.count <= limits.queueBytes / 2 { statusLine = line }
        }
        lock.locked {
            guard let statusLine, writeStatus != nil else {
                noStatusLine.withUnsafeBytes { queue($0, for: index, now: now) }
                return
            }
            queue(statusLine, for: index, now: now)
        }
    }

    private func reject(_ error: ClientLineError, offset: Int?, to index: Int) {
        do throws(StreamError) {
            let reply = try answers.errorLine(error.message, offset: offset)
            lock.locked { queue(reply, for: index, now: clinux_monotonic_ns()) }
        } catch {
            // The messages are short.
        }
    }
}
