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

    /// Why a client is sent away.
    public mutating func errorLine(_ message: StaticString) throws(StreamError) -> UnsafeRawBufferPointer {
        clear()
        beginObject()
        key("type")
        string("error")
        key("message")
        string(message)
        endObject()
        return try line()
    }
}
