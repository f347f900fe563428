/// Says what became of the camera: a line in the log, one to all sinks, and a state in the metrics. For the capturing
/// thread.
final class CameraReporter {
    private let sinks: [FrameSink]
    private let settings: PipelineSettings
    private var writer = JSONWriter(capacity: StreamProtocol.stateLimit)

    init(_ sinks: [FrameSink], _ settings: PipelineSettings) {
        self.sinks = sinks
        self.settings = settings
    }

    /// `rejection` is what was wrong with the last frame that could not be decoded.
    func report(_ change: CameraChange, _ camera: OpenCamera?, rejection: JPEGError?) {
        let name = name(of: camera)
        let state: CameraLine.State
        var message = change.reason?.message(source: name) ?? ""
        if case .noUsableFrames(let time, .undecodable) = change.reason, let rejection {
            message = CameraError.message(source: name, unusableFor: time, last: rejection.message)
        }
        let log = settings.log
        switch change.state {
        case .absent:
            state = .absent
            log.warning(message)
        case .stalled:
            state = .stalled
            if message.isEmpty { message = "\(name): waiting for frames" }
            log.warning(message)
        case .unusable:
            state = .unusable
            if message.isEmpty { message = "\(name): waiting for usable frames" }
            log.warning(message)
        case .opening:
            state = .opening
            message = "\(name): opened"
        case .streaming:
            state = .streaming
            if let camera {
                message = "\(name): streaming \(camera.mode.text)"
                if let better = camera.givenUp {
                    message += " instead of \(better.text): \(camera.rejection?.reasonForAnotherMode ?? "")"
                }
                log.notice(message)
            }
        }
        let fault = change.reason.flatMap { CameraLine.Reason($0) } ?? (state == .stalled ? .silent : nil)
        settings.metrics.cameraIs(state, fault)
        let mode = camera.map {
            CameraLine.Mode(
                format: $0.mode.fourcc, width: $0.mode.width, height: $0.mode.height, rate: $0.mode.rate)
        }
        let line = CameraLine(
            state: state, camera: Array(name.utf8), message: Array(message.utf8), mode: mode, reason: fault)
        do throws(StreamError) {
            let bytes = try writer.cameraLine(line)
            for sink in sinks { sink.accept(state: bytes) }
        } catch {
            log.error(error.message(socket: "the camera's state"))
        }
    }

    func report(_ notice: CameraNotice, _ camera: OpenCamera?) {
        settings.log.warning(notice.message(source: name(of: camera)))
    }

    private func name(of camera: OpenCamera?) -> String { camera.map { text($0.identity.name) } ?? settings.sourceText }
}

extension CaptureMode {
    fileprivate var text: String {
        let rate = rate > 0 ? " at \(fixed(rate, decimals: 1)) frames per second" : ""
        return "\(width)x\(height) \(format.name)\(rate)"
    }
}

extension CameraLine.Reason {
    /// nil where the error is another one.
    fileprivate init?(_ error: CameraError) {
        switch error {
        case .noFrames: self = .silent
        case .noUsableFrames(_, .damaged): self = .flagged
        case .noUsableFrames(_, .empty): self = .empty
        case .noUsableFrames(_, .truncated): self = .truncated
        case .noUsableFrames(_, .wrongSize): self = .size
        case .noUsableFrames: self = .corrupt
        default: return nil
        }
    }
}
