/// The fields that a client looks at.
enum StreamField: UInt64 {
    case protocolVersion, version, model, snapshots
    case sequence, captured, age, inference, droppedFrames, corruptFrames, width, height, detections, omitted, classes,
        omittedClasses
    case bytes, planes, matrix, fullRange, rotation, mask
    case lines, frames, state, message, format, metrics, rate

    var bit: UInt64 { 1 << rawValue }

    var name: StaticString {
        switch self {
        case .protocolVersion: "protocol"
        case .version: "version"
        case .model: "model"
        case .snapshots: "snapshots"
        case .sequence: "sequence"
        case .captured: "captured_unix_s"
        case .age: "age_ms"
        case .inference: "inference_ms"
        case .droppedFrames: "dropped_frames"
        case .corruptFrames: "corrupt_frames"
        case .width: "width_px"
        case .height: "height_px"
        case .detections: "detections"
        case .omitted: "detections_omitted"
        case .classes: "classes"
        case .omittedClasses: "classes_omitted"
        case .bytes: "bytes"
        case .planes: "planes"
        case .matrix: "matrix"
        case .fullRange: "full_range"
        case .rotation: "rotate_deg"
        case .mask: "mask"
        case .lines: "lines"
        case .frames: "frames"
        case .state: "state"
        case .message: "message"
        case .format: "format"
        case .metrics: "metrics"
        case .rate: "rate_fps"
        }
    }

    static var all: Range<UInt64> { 0..<StreamField.rate.rawValue + 1 }
}

extension StreamLine.Kind {
    init(_ name: UnsafeRawBufferPointer) {
        let known: InlineArray<9, (name: StaticString, kind: StreamLine.Kind)> = [
            ("hello", .hello), ("frame", .frame), ("snapshot", .snapshot), ("dropped", .dropped), ("camera", .camera),
            ("options", .options), ("status", .status), ("error", .error), ("end", .end),
        ]
        self = .other
        for index in known.indices where equal(name, known[index].name) { self = known[index].kind }
    }

    /// The field of that name where lines of this kind have one that is looked at.
    func field(_ name: UnsafeRawBufferPointer) -> StreamField? {
        for number in StreamField.all where (required | optional) & 1 << number != 0 {
            if let field = StreamField(rawValue: number), equal(name, field.name) { return field }
        }
        return nil
    }

    /// The bits of the fields without which a line is of no use.
    var required: UInt64 {
        switch self {
        case .hello: StreamField.protocolVersion.bit | StreamField.version.bit | StreamField.model.bit
        case .frame: Self.frameBits
        case .snapshot: Self.frameBits | StreamField.format.bit | StreamField.bytes.bit
        case .dropped: StreamField.lines.bit
        case .camera: StreamField.state.bit | StreamField.message.bit
        case .status: StreamField.metrics.bit
        case .error: StreamField.message.bit
        case .end: StreamField.frames.bit
        case .options, .other: 0
        }
    }

    private var optional: UInt64 {
        switch self {
        case .hello: StreamField.snapshots.bit
        case .frame: Self.detectionBits | Self.classBits
        case .snapshot:
            Self.detectionBits | Self.classBits | StreamField.planes.bit | StreamField.matrix.bit
                | StreamField.fullRange.bit | StreamField.rotation.bit | StreamField.mask.bit
        case .camera: StreamField.width.bit | StreamField.height.bit | StreamField.format.bit | StreamField.rate.bit
        case .dropped, .options, .status, .error, .end, .other: 0
        }
    }

    private static var frameBits: UInt64 {
        StreamField.sequence.bit | StreamField.captured.bit | StreamField.age.bit | StreamField.inference.bit
            | StreamField.droppedFrames.bit | StreamField.corruptFrames.bit | StreamField.width.bit
            | StreamField.height.bit
    }

    /// Of what a detector's frames list, and of what a classifier's do: a frame has the ones or the others.
    private static var detectionBits: UInt64 { StreamField.detections.bit | StreamField.omitted.bit }
    private static var classBits: UInt64 { StreamField.classes.bit | StreamField.omittedClasses.bit }

    /// Whether a line with those fields has all that it needs.
    func isComplete(_ seen: UInt64) -> Bool {
        guard seen & required == required else { return false }
        guard self == .frame || self == .snapshot else { return true }
        return seen & Self.detectionBits == Self.detectionBits || seen & Self.classBits == Self.classBits
    }
}
