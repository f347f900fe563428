import Telemetry
import Service
import Stream

/// A line that a client of the daemon reads, of any origin: `swiftlet watch`, `snapshot` and `status`.
struct DaemonLineTarget: FuzzTarget {
    static let name = "daemon-lines"
    static let longest = 4096

    private final class Reader {
        var reader = StreamLineReader()
    }
    private let reader = Reader()

    func run(_ bytes: UnsafeRawBufferPointer) throws {
        let line = try reader.reader.read(bytes)
        for detection in line.detections {
            guard (1..<StreamLineReader.maximumClasses).contains(detection.classIndex), (0...1).contains(detection.score)
            else { fatalError("a detection that no line may have") }
        }
        guard line.planeCount <= 3, line.width <= 65_535, line.height <= 65_535, line.format.count <= 4 else {
            fatalError("an image that no line may have")
        }
        guard line.kind == .status, let samples = MetricsSamples(status: line.metrics) else { return }
        for sample in samples.all {
            guard let integer = sample.integer else { continue }
            guard Double(integer) == sample.value else { fatalError("two values of one sample") }
        }
    }
}
