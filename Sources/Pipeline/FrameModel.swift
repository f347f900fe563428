/// The network as a pipeline sees it. Used generically; a test has its own.
public protocol FrameModel: AnyObject {
    /// What a frame is loaded into.
    var input: ImageInput.Tensor { get }
    /// UTF-8, one per class.
    var labels: [ArraySlice<UInt8>] { get }
    /// Computes what `input` contains.
    func run()
    /// What it does.
    var kind: TaskKind { get }
    /// What the last run has found, the best first; valid until the next call. Frames have this upright size; thresholds
    /// are one per class; `limit` nil keeps all.
    func result(of size: ImageSize, thresholds: [Float], limit: Int?) -> ModelResult
}

extension Model: FrameModel {
    /// Of its description.
    public var labels: [ArraySlice<UInt8>] { description.labels }
    /// Of its description.
    public var kind: TaskKind { description.task.kind }
}
