/// Rows of values that a network has put out, without gaps, in the precision that it computes in.
public enum OutputRows {
    case fp32(UnsafeBufferPointer<Float>)
    /// IEEE half precision.
    case fp16(UnsafeBufferPointer<UInt16>)

    /// Values of all rows.
    var count: Int {
        switch self {
        case .fp32(let values): values.count
        case .fp16(let values): values.count
        }
    }
}

/// What a network's output stands for, row by row: one subclass in one file for each kind of head. It looks at every row
/// of a frame, allocates nothing and decides about nothing but the lowest threshold; `Selection` does the rest.
public class DetectionHead {
    /// Rows of the output, each of which may be an object.
    public final let rowCount: Int
    /// Values of a row.
    public final let rowSize: Int
    /// With class 0, the background.
    public final let classCount: Int
    /// One row, widened to single precision.
    private final let row: UnsafeMutablePointer<Float>

    init(rowCount: Int, rowSize: Int, classCount: Int) {
        self.rowCount = rowCount
        self.rowSize = rowSize
        self.classCount = classCount
        row = .allocate(capacity: rowSize)
    }

    deinit { row.deallocate() }

    /// One per row, where the head has anchors.
    public var anchors: [Anchor] { [] }

    /// Appends the rows of `output`, [`rowCount`, `rowSize`], in which some class may score more than `lowest`.
    func find(_ output: OutputRows, above lowest: Float, _ candidates: inout Candidates) {}

    /// The values of one row, valid until the next call.
    @inline(__always)
    final func values(_ output: OutputRows, row index: Int) -> UnsafePointer<Float> {
        switch output {
        case .fp32(let values): return values.baseAddress! + index * rowSize
        case .fp16(let values):
            f16_to_f32__scalar(rowSize, values.baseAddress! + index * rowSize, row)
            return UnsafePointer(row)
        }
    }
}

/// What a head has found in one image: boxes, and for each the scores of all classes. Made once, with room for every
/// row of the output.
struct Candidates: ~Copyable {
    let classCount: Int
    private let boxes: UnsafeMutablePointer<Box>
    private let scores: UnsafeMutablePointer<Float>
    private(set) var count = 0

    init(capacity: Int, classCount: Int) {
        self.classCount = classCount
        boxes = .allocate(capacity: capacity)
        scores = .allocate(capacity: capacity * classCount)
    }

    deinit {
        boxes.deallocate()
        scores.deallocate()
    }

    func box(_ index: Int) -> Box { boxes[index] }

    /// Of a candidate: `classCount` values, the background's first.
    func scores(_ index: Int) -> UnsafeMutablePointer<Float> { scores + index * classCount }

    /// Where the box of the next candidate goes; it counts once `add` is called, after its scores are written.
    var nextBox: UnsafeMutablePointer<Box> { boxes + count }

    mutating func add() { count += 1 }

    mutating func removeAll() { count = 0 }
}
