extension JSONWriter {
    /// The last line of a source that has an end.
    public mutating func endLine(frames: UInt64, corruptFrames: UInt64) throws(StreamError) -> UnsafeRawBufferPointer {
        clear()
        beginObject()
        string("type", "end")
        integer("frames", frames)
        integer("corrupt_frames", corruptFrames)
        endObject()
        return try line()
    }

    /// Why a client is sent away or its line has no effect. `offset` is the byte of that line which is to blame.
    public mutating func errorLine(
        _ message: StaticString, offset: Int? = nil
    ) throws(StreamError) -> UnsafeRawBufferPointer {
        clear()
        beginObject()
        string("type", "error")
        string("message", message)
        if let offset {
            integer("offset", offset)
        }
        endObject()
        return try line()
    }

    /// The beginning of a status line: its counters follow, a key and a number each.
    mutating func beginStatus() {
        clear()
        beginObject()
        string("type", "status")
        beginObject("metrics")
    }

    mutating func endStatus() {
        endObject()
        endObject()
    }

    /// A client's options from here on. `classes` is the array as the client wrote it, nil where it gave none.
    mutating func optionsLine(
        _ options: ClientOptions, classes: UnsafeRawBufferPointer?
    ) throws(StreamError) -> UnsafeRawBufferPointer {
        clear()
        beginObject()
        string("type", "options")
        decimal("min_score", Double(options.minimumScore), decimals: 4)
        key("classes")
        if let classes { value(classes) } else { null() }
        integer("every", options.every)
        endObject()
        return try line()
    }
}
