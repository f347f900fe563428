extension JSONWriter {
    /// The last line of a source that has an end.
    public mutating func endLine(frames: UInt64, corruptFrames: UInt64) throws(StreamError) -> UnsafeRawBufferPointer {
        clear()
        beginObject()
        key("type")
        string("end")
        key("frames")
        integer(frames)
        key("corrupt_frames")
        integer(corruptFrames)
        endObject()
        return try line()
    }

    /// Why a client is sent away or its line has no effect. `offset` is the byte of that line which is to blame.
    public mutating func errorLine(
        _ message: StaticString, offset: Int? = nil
    ) throws(StreamError) -> UnsafeRawBufferPointer {
        clear()
        beginObject()
        key("type")
        string("error")
        key("message")
        string(message)
        if let offset {
            key("offset")
            integer(offset)
        }
        endObject()
        return try line()
    }

    /// The beginning of a status line: its counters follow, a key and a number each.
    mutating func beginStatus() {
        clear()
        beginObject()
        key("type")
        string("status")
        key("metrics")
        beginObject()
    }

    mutating func endStatus() {
        endObject()
        endObject()
    }

    /// What holds for a client from here on. `classes` is the array as the client wrote it, nil where it gave none.
    mutating func optionsLine(
        _ options: ClientOptions, classes: UnsafeRawBufferPointer?
    ) throws(StreamError) -> UnsafeRawBufferPointer {
        clear()
        beginObject()
        key("type")
        string("options")
        key("min_score")
        decimal(Double(options.minimumScore), decimals: 4)
        key("classes")
        if let classes { value(classes) } else { null() }
        key("every")
        integer(options.every)
        endObject()
        return try line()
    }
}
