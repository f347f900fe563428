import Camera
import Service
import Stream

/// Says what became of the camera: a line in the log, one to all clients, and a state in the metrics. For the capturing
/// thread.
final class CameraReporter {
    private let server: StreamServer
    private let metrics: Metrics
    private let sourceText: String
    private let log: Log
    private var writer = JSONWriter(capacity: StreamProtocol.stateLimit)

    /// `sourceText` names the camera until one is open.
    init(_ server: StreamServer, _ metrics: Metrics, sourceText: String, _ log: Log) {
        self.server = server
        self.metrics = metrics
        self.sourceText = sourceText
        self.log = log
    }

    func report(_ change: CameraChange, _ camera: OpenCamera?) {
        let name = camera.map { text($0.identity.name) } ?? sourceText
        let state: CameraLine.State
        var message = change.reason?.message(source: name) ?? ""
        switch change.state {
        case .absent:
            state = .absent
            log.warning(message)
        case .stalled:
            state = .stalled
            if message.isEmpty { message = "\(name): waiting for frames" }
            log.warning(message)
        case .opening:
            state = .opening
            message = "\(name): opened"
        case .streaming:
            state = .streaming
            if let mode = camera?.mode {
                let rate = mode.rate > 0 ? " at \(fixed(mode.rate, decimals: 1)) frames per second" : ""
                message = "\(name): streaming \(mode.width)x\(mode.height) \(mode.format.name)\(rate)"
                log.notice(message)
            }
        }
        metrics.cameraIs(state)
        let mode = camera.map {
            CameraLine.Mode(
                format: $0.mode.fourcc, width: $0.mode.width, height: $0.mode.height, rate: $0.mode.rate)
        }
        let line = CameraLine(state: state, camera: Array(name.utf8), message: Array(message.utf8), mode: mode)
        do throws(StreamError) {
            server.publish(state: try writer.cameraLine(line))
        } catch {
            log.error(error.message(socket: "the camera's state"))
        }
    }
}
