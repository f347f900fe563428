/// Where each position along a tensor's side lies between two pixels of the image.
struct BilinearTaps {
    /// For each output position the two pixel indices times `step`, and their weights.
    let taps: [ck_tap]
    /// The taps of `ResizeRule.fast` in blocks, for the kernel that picks elements from vectors; empty where they lie too
    /// far apart for that.
    private(set) var blocks: [ck_tap_block] = []

    static var none: BilinearTaps { BilinearTaps(taps: []) }

    private init(taps: [ck_tap]) { self.taps = taps }

    mutating func makeBlocks() {
        blocks = [ck_tap_block](repeating: ck_tap_block(), count: taps.count / 8)
        if ck_make_tap_blocks(taps.count, taps, &blocks) == 0 { blocks = [] }
    }

    /// The taps of `ResizeRule.fast`; weights sum to 256. Of a channel with fewer samples than the image has pixels,
    /// `source` counts the samples and `rate` says what of the image's `pixels` each stands for.
    init(fastFrom source: Int, to target: Int, step: Int, pixels: Int? = nil, rate: SampleRate = .one) {
        taps = (0..<target).map { index in
            // p + 0.5 = (2 i + 1) n / (2 m), exactly, with 8 fractional bits and rounded.
            // Of 64 bits: the products are larger than an image.
            let denominator = 2 * Int64(target) * Int64(rate.pixels)
            let numerator = (2 * Int64(index) + 1) * Int64(pixels ?? source) * Int64(rate.samples)
            let centre = (numerator * 256 * 2 + denominator) / (2 * denominator)
            let position = Int(min(max(centre - 128, 0), Int64(source - 1) * 256))
            let left = position >> 8
            let weight = position & 255
            return Self.tap(left, min(left + 1, source - 1), 256 - weight, weight, step)
        }
    }

    /// The taps of OpenCV's INTER_LINEAR; weights sum to 2048. Along a row a position outside the outer pixels' centres
    /// takes the outer pixel alone; along a column (`clampsWeights` false) the weights stay and only the indices are
    /// clamped.
    init(openCVFrom source: Int, to target: Int, step: Int, clampsWeights: Bool) {
        // As OpenCV writes it: the inverse of the inverse scale, in double, and the position in single precision.
        let scale = 1 / (Double(target) / Double(source))
        taps = (0..<target).map { index in
            let position = Float((Double(index) + 0.5) * scale - 0.5)
            var left = Int(position.rounded(.down))
            var fraction = position - Float(left)
            if clampsWeights, left < 0 || left >= source - 1 {
                left = left < 0 ? 0 : source - 1
                fraction = 0
            }
            return Self.tap(
                min(max(left, 0), source - 1), min(max(left + 1, 0), source - 1),
                Int(((1 - fraction) * 2048).rounded(.toNearestOrEven)),
                Int((fraction * 2048).rounded(.toNearestOrEven)), step)
        }
    }

    private static func tap(_ left: Int, _ right: Int, _ leftWeight: Int, _ rightWeight: Int, _ step: Int) -> ck_tap {
        ck_tap(
            left: UInt32(left * step), right: UInt32(right * step), left_weight: Int32(leftWeight),
            right_weight: Int32(rightWeight))
    }
}
