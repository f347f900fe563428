/// A frame's line and where its detections stand in it, so that a client can get a line with fewer of them. Valid until
/// its writer writes again.
public struct FrameSegments {
    struct Segment {
        /// The first byte of the detection's object.
        var start: Int
        var classIndex: Int
        var score: Float
    }

    /// The whole line, newline included.
    public let line: UnsafeRawBufferPointer
    let detections: UnsafeBufferPointer<Segment>
    /// Bytes before the comma behind the type.
    let body: Int
    /// Bytes before the first detection.
    let head: Int
    /// Where what follows the last detection begins.
    let tail: Int

    /// Puts together the line as `options` request. `room` is at least as long as the line.
    /// - Parameter start: what stands in place of the line's brace and type; `room` has room for it too.
    func line(
        for options: ClientOptions, as start: UnsafeRawBufferPointer? = nil, in room: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        var count = 0
        func copy(_ range: Range<Int>) {
            UnsafeMutableRawBufferPointer(rebasing: room[count...]).copyBytes(from: line[range])
            count += range.count
        }
        if let start {
            room.copyMemory(from: start)
            count = start.count
        } else {
            copy(0..<body)
        }
        copy(body..<head)
        let empty = count
        for (index, detection) in detections.enumerated()
        where options.includes(class: detection.classIndex, score: detection.score) {
            if count > empty {
                room[count] = UInt8(ascii: ",")
                count += 1
            }
            // A comma stands between two detections.
            let end = index + 1 < detections.count ? detections[index + 1].start - 1 : tail
            copy(detection.start..<end)
        }
        copy(tail..<line.count)
        return UnsafeRawBufferPointer(rebasing: room[..<count])
    }
}
