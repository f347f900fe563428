/// One way in which a camera offers its frames.
public struct CaptureMode: Equatable, Sendable {
    /// What frames come as, `isConverted` after libv4l has made that of them.
    public var format: PixelFormat
    /// The driver's code of what it delivers.
    public var fourcc: UInt32
    /// In pixels.
    public var width: Int
    /// In pixels.
    public var height: Int
    /// The shortest time between two frames in seconds, as a fraction; 0/1 where the driver doesn't say.
    public var intervalNumerator: UInt32
    /// 30 where the fraction is 1/30.
    public var intervalDenominator: UInt32
    /// Whether libv4l makes frames of `format` from what the driver delivers, at the cost of a pass over each.
    public var isConverted = false

    /// Frames per second; 0 where the driver doesn't say.
    public var rate: Double {
        intervalNumerator == 0 ? 0 : Double(intervalDenominator) / Double(intervalNumerator)
    }

    /// About what it takes of the bus, for comparison: tenths of bytes per second. A JPEG has about a fifth of a byte per
    /// pixel.
    var load: Double {
        let pixel: Double =
            switch format {
            case _ where isConverted: 10
            case .yuyv, .uyvy: 20
            case .nv12, .yuv420: 15
            case .rgb24, .bgr24: 30
            case .grey: 10
            case .mjpeg: 2
            }
        return pixel * Double(width) * Double(height) * (rate > 0 ? rate : 30)
    }
}

/// What is wanted of a camera.
public struct CaptureRequest: Sendable {
    /// The size of the network's input in pixels: frames should have at least that.
    public var networkWidth: Int
    /// In pixels, likewise.
    public var networkHeight: Int
    /// nil: the smallest size that covers the network's input.
    public var width: Int?
    /// nil likewise. One of both alone chooses by that side.
    public var height: Int?
    /// Frames per second: the camera is set to the nearest that it offers. nil: 15 do, and more are taken where they cost
    /// nothing else.
    public var rate: Double?
    /// The only format to take; nil: the cheapest.
    public var format: PixelFormat?

    /// The network's size in pixels, and what a user insists on.
    public init(
        networkWidth: Int, networkHeight: Int, width: Int? = nil, height: Int? = nil, rate: Double? = nil,
        format: PixelFormat? = nil
    ) {
        self.format = format
        self.networkWidth = networkWidth
        self.networkHeight = networkHeight
        self.width = width
        self.height = height
        self.rate = rate
    }

    private static var enoughRate: Double { 15 }

    /// The best of what a camera offers, nil where it offers nothing that is wanted. In this order: the wanted size, where
    /// there is one;
    /// a size that covers the network's input; a rate of at least the wanted one (15 frames a second unless told
    /// otherwise); the fewest pixels, or the maximum where none cover the network; the cheapest format
    /// (`PixelFormat.cost`); the highest rate, or of the rates for this size and format the nearest to the wanted one;
    /// what the camera lists first.
    public func best(of modes: [CaptureMode]) -> Int? {
        var best: Int?
        for index in modes.indices where format == nil || modes[index].format == format {
            if best.map({ isBetter(modes[index], than: modes[$0]) }) ?? true { best = index }
        }
        guard let rate, let chosen = best else { return best }
        // A step of its own: nearness and the costs of other formats would make no order together.
        for index in modes.indices where modes[index].differsInRate(from: modes[chosen]) {
            let (distance, rival) = (modes[index].distance(toRate: rate), modes[best!].distance(toRate: rate))
            if distance < rival || (distance == rival && modes[index].rate > modes[best!].rate) { best = index }
        }
        return best
    }

    /// What to try where the bus or memory does not suffice for a mode: of those that need less, which alone stay in
    /// `modes`, a JPEG of the same size, or else the best. nil where none is left.
    func lighter(than rejected: CaptureMode, of modes: inout [CaptureMode]) -> CaptureMode? {
        modes.removeAll { $0.load >= rejected.load }
        let jpegs = modes.filter { $0.format == .mjpeg && $0.width == rejected.width && $0.height == rejected.height }
        if let best = best(of: jpegs) { return jpegs[best] }
        return best(of: modes).map { modes[$0] }
    }

    private func isBetter(_ a: CaptureMode, than b: CaptureMode) -> Bool {
        let (wantedA, wantedB) = (distance(a), distance(b))
        if wantedA != wantedB { return wantedA < wantedB }
        let (coversA, coversB) = (covers(a), covers(b))
        if coversA != coversB { return coversA }
        let enough = rate ?? Self.enoughRate
        // Drivers round rates: 29.97 is a 30.
        let (fastA, fastB) = (a.rate > enough * 0.98, b.rate > enough * 0.98)
        if fastA != fastB { return fastA }
        let (areaA, areaB) = (a.width * a.height, b.width * b.height)
        if areaA != areaB { return (areaA < areaB) == coversA }
        if a.format.cost != b.format.cost { return a.format.cost < b.format.cost }
        return a.rate > b.rate
    }

    /// How far a mode's sides are from the wanted ones, in pixels.
    private func distance(_ mode: CaptureMode) -> Int {
        (width.map { abs($0 - mode.width) } ?? 0) + (height.map { abs($0 - mode.height) } ?? 0)
    }

    private func covers(_ mode: CaptureMode) -> Bool { mode.width >= networkWidth && mode.height >= networkHeight }
}

extension CaptureMode {
    /// Whether it has the same pixels as another, however often. Of what a driver delivers, libv4l may make several formats.
    func isLike(_ other: CaptureMode) -> Bool {
        format == other.format && fourcc == other.fourcc && width == other.width && height == other.height
    }

    fileprivate func differsInRate(from other: CaptureMode) -> Bool {
        isLike(other) && rate > 0 && rate != other.rate
    }

    /// Between the times from frame to frame, in microseconds: that is what drivers compare.
    fileprivate func distance(toRate wanted: Double) -> Int64 {
        guard rate > 0 else { return .max }
        return Int64(abs(1e6 / rate - 1e6 / wanted).rounded())
    }
}

extension PixelFormat {
    /// What a frame of this costs before the network sees it, as a place in a list: first where fewest bytes cross the
    /// bus and the memory and nothing has to be decoded. Colour comes before grey, which the networks were not trained on.
    var cost: Int {
        switch self {
        case .nv12: 0
        case .yuv420: 1
        case .yuyv: 2
        case .uyvy: 3
        case .bgr24: 4
        case .rgb24: 5
        case .mjpeg: 6
        case .grey: 7
        }
    }
}
