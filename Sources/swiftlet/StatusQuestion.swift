/// Gets the daemon's counters: over its socket, or from its file.
struct StatusQuestion: ~Copyable {
    /// Where they come from, for messages.
    private(set) var source: String
    /// Once they have come.
    private(set) var samples: MetricsSamples?
    /// What the daemon said last of its camera, where that is not that it streams.
    private(set) var camera = ""

    private let socket: UnsafePointer<CChar>
    private let log: Log
    private var connection = StreamConnection()
    /// A daemon answers at once.
    private static var patience: UInt64 { 5_000_000_000 }

    init(_ socket: UnsafePointer<CChar>, _ log: Log) {
        self.socket = socket
        self.log = log
        source = text(socket)
    }

    mutating func read(_ file: UnsafePointer<CChar>) -> ExitCode {
        source = text(file)
        do throws(FileError) {
            let contents = try FileContents(path: file, limit: MetricsText.capacity)
            samples = MetricsSamples(contents.bytes)
        } catch {
            if case .system = error {
                return fail(.unavailable, "\(error.message): is swiftletd running, with [metrics] file set to this?")
            }
            return fail(.badData, error.message)
        }
        return samples == nil ? fail(.badData, "is not what swiftletd writes") : .success
    }

    mutating func ask() -> ExitCode {
        let error = connection.open(socket)
        guard error == 0 else {
            log.error(connectionMessage(error, socket: source))
            return connectionExitCode(error)
        }
        let isSent = Array("{\"status\":true}\n".utf8).withUnsafeBytes { connection.send($0) }
        guard isSent else { return fail(.unavailable, "swiftletd takes no request") }
        let deadline = clinux_monotonic_ns() + Self.patience
        while true {
            do throws(StreamLineError) {
                while let line = try connection.next() {
                    if let code = take(line) { return code }
                }
            } catch {
                return fail(.badData, "\(error.message): is that swiftletd's socket?")
            }
            switch connection.receive(until: deadline) {
            case .end: return fail(.unavailable, "swiftletd has closed the connection")
            case nil: return fail(.unavailable, "swiftletd does not answer")
            default: break
            }
        }
    }

    private mutating func take(_ line: StreamLine) -> ExitCode? {
        switch line.kind {
        case .hello where line.protocolVersion != StreamProtocol.version:
            log.error(protocolMessage(line.protocolVersion, socket: source))
            return .badData
        case .camera: camera = Array(line.state) == bytes("streaming") ? "" : text(line.message)
        case .error: return fail(.unavailable, text(line.message))
        case .status:
            samples = MetricsSamples(status: line.metrics)
            return samples == nil ? fail(.badData, "sends no counters: is that swiftletd's socket?") : .success
        default: break
        }
        return nil
    }

    private func fail(_ code: ExitCode, _ message: String) -> ExitCode {
        log.error("\(source): \(message)")
        return code
    }
}
