/// Tells the stream's clients what the daemon has counted: the samples of the metrics' text, written on request.
/// The stream's thread owns it.
public final class StatusLine {
    private let metrics: Metrics
    private var text = MetricsText()
    private let machine = Machine()
    private let started = clinux_realtime_ns()

    /// Of a daemon that begins now.
    public init(_ metrics: Metrics) { self.metrics = metrics }

    /// Writes a key and a number for each sample into an object that was begun.
    public func write(to json: inout JSONWriter, _ stream: StreamCounters) {
        guard let bytes = text.write(metrics, stream, machine, started: started) else { return }
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            guard line.first != UInt8(ascii: "#"), let space = line.lastIndex(of: 0x20) else { continue }
            json.key(UnsafeRawBufferPointer(rebasing: line[..<space]))
            json.value(UnsafeRawBufferPointer(rebasing: line[(space + 1)...]))
        }
    }
}
