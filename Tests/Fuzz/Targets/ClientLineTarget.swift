@testable import Stream

/// A line that a client of the socket writes.
struct ClientLineTarget: FuzzTarget {
    static let name = "client-lines"
    /// The daemon closes the connection of a longer one.
    static let longest = 4096

    private let labels: [ArraySlice<UInt8>] = ["background", "king", "é", "a\"b", "king"].map { ArraySlice($0.utf8) }
    private let classes = {
        let words = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: ClientOptions.words(classes: 5))
        words.initialize(repeating: 0)
        return words
    }()

    func run(_ line: UnsafeRawBufferPointer) throws {
        var options = ClientOptions(classes: classes)
        // Of just the line's size: AddressSanitizer sees a byte too many.
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: line.count, alignment: 1)
        defer { scratch.deallocate() }
        var reader = ClientOptionsReader(line)
        _ = try reader.read(into: &options, labels: labels, scratch: scratch)
        guard (0...1).contains(options.minimumScore), (1...1_000_000).contains(options.every) else {
            fatalError("options that no client may have")
        }
    }
}
