/// Turns a segmenter's logits, a map smaller than its input, into the class of each pixel of the input, and these into
/// segments. The logits are enlarged by bilinear interpolation, but only where their best class may change: between four
/// neighbours of the same best class it is best everywhere, since their means are. Logits of the input's size never exist.
/// All buffers are made once; decoding allocates nothing. One thread owns it.
public final class SegmentationDecoder {
    /// Logits of a pixel. A mask has a byte for each pixel, and leaves 255 to data sets, where it stands for no class.
    public static let largestClassCount = 255

    /// Logits of a pixel of the output.
    public let classCount: Int
    /// The output's.
    public let mapSize: ImageSize
    /// The network's input's.
    public let size: ImageSize
    private let upsampling: Upsampling
    /// The first column of the input that lies right of each column of the output's; behind the last, the width.
    private let starts: UnsafeMutableBufferPointer<Int>
    /// How far each of the input's columns is on the way to the output's next column.
    private let fractions: UnsafeMutableBufferPointer<Float>
    private let mask: UnsafeMutableBufferPointer<UInt8>
    /// The best class of each pixel of the output.
    private let best: UnsafeMutableBufferPointer<UInt8>
    /// The rows of the output above and below the mask's row, widened to single precision.
    private var above: UnsafeMutablePointer<Float>
    private var below: UnsafeMutablePointer<Float>
    /// What lies between these two at the mask's row; only columns that `isBlended` are valid.
    private let row: UnsafeMutablePointer<Float>
    private let isBlended: UnsafeMutableBufferPointer<Bool>
    private let found: UnsafeMutableBufferPointer<Found>
    private let keys: UnsafeMutableBufferPointer<ScoreKey>
    private let segments: UnsafeMutableBufferPointer<Segment>

    /// What is known of a class; sides are pixels of the mask, `right` and `bottom` inside.
    private struct Found {
        var count = 0
        var left = Int.max
        var top = 0
        var right = 0
        var bottom = 0
    }

    /// - Parameters:
    ///   - mapSize: of the output, at least 1x1 and at most `size` (precondition).
    ///   - classCount: 1...`largestClassCount` (precondition).
    public init(mapSize: ImageSize, classCount: Int, size: ImageSize, upsampling: Upsampling) {
        precondition((1...Self.largestClassCount).contains(classCount))
        precondition((1...size.width).contains(mapSize.width) && (1...size.height).contains(mapSize.height))
        self.classCount = classCount
        self.mapSize = mapSize
        self.size = size
        self.upsampling = upsampling
        starts = .allocate(capacity: mapSize.width + 1)
        starts.initialize(repeating: size.width)
        fractions = .allocate(capacity: size.width)
        var next = 0
        for column in 0..<size.width {
            let tap = upsampling.tap(column, of: size.width, from: mapSize.width)
            fractions.initializeElement(at: column, to: tap.fraction)
            while next <= tap.left {
                starts[next] = column
                next += 1
            }
        }
        mask = .allocate(capacity: size.width * size.height)
        mask.initialize(repeating: 0)
        best = .allocate(capacity: mapSize.width * mapSize.height)
        best.initialize(repeating: 0)
        above = .allocate(capacity: mapSize.width * classCount)
        below = .allocate(capacity: mapSize.width * classCount)
        row = .allocate(capacity: mapSize.width * classCount)
        isBlended = .allocate(capacity: mapSize.width)
        isBlended.initialize(repeating: false)
        found = .allocate(capacity: classCount)
        found.initialize(repeating: Found())
        keys = .allocate(capacity: classCount)
        segments = .allocate(capacity: classCount)
    }

    deinit {
        starts.deallocate()
        fractions.deallocate()
        mask.deallocate()
        best.deallocate()
        above.deallocate()
        below.deallocate()
        row.deallocate()
        isBlended.deallocate()
        found.deallocate()
        keys.deallocate()
        segments.deallocate()
    }

    /// Bytes that it has allocated for maps.
    public var byteCount: Int { Self.byteCount(mapSize: mapSize, classCount: classCount, size: size) }

    /// Bytes that a decoder of these sizes allocates for maps: the mask, and what it is made of.
    public static func byteCount(mapSize: ImageSize, classCount: Int, size: ImageSize) -> Int {
        size.width * size.height + mapSize.width * mapSize.height
            + 3 * mapSize.width * classCount * MemoryLayout<Float>.size
    }

    /// Decodes an output [height, width, classes] of `mapSize` (precondition). A logit that is not a number is no class's
    /// best.
    ///
    /// - Parameters:
    ///   - area: the part of the input that the image covers: of its pixels alone are mask and segments made.
    ///   - thresholds: one per class; a class that is returned has a larger share than its own.
    ///   - limit: the most segments that are returned; nil is all.
    /// - Returns: the largest segment first, of equal ones the first class, and the mask, of the area's size; valid until
    ///   the next call.
    public func decode(
        _ output: OutputRows, area: ImageArea, thresholds: [Float], limit: Int? = nil
    ) -> (segments: UnsafeBufferPointer<Segment>, mask: ClassMask) {
        precondition(output.count == mapSize.width * mapSize.height * classCount && thresholds.count == classCount)
        precondition(area.left >= 0 && area.top >= 0 && area.size.width > 0 && area.size.height > 0)
        precondition(area.left + area.size.width <= size.width && area.top + area.size.height <= size.height)
        found.update(repeating: Found())
        fillMask(output, area)
        let pixels = UnsafeBufferPointer(rebasing: mask[..<(area.size.width * area.size.height)])
        return (choose(area.size, thresholds, limit), ClassMask(pixels, size: area.size))
    }

    // MARK: - The mask

    private func fillMask(_ output: OutputRows, _ area: ImageArea) {
        // Rows of the output that `above` and `below` have.
        var (upper, lower) = (-1, -1)
        for y in 0..<area.size.height {
            let (top, fraction) = upsampling.tap(area.top + y, of: size.height, from: mapSize.height)
            let bottom = min(top + 1, mapSize.height - 1)
            if top != upper {
                if top == lower {
                    swap(&above, &below)
                    lower = -1
                } else {
                    load(output, top, into: above)
                }
                upper = top
            }
            if bottom != lower {
                load(output, bottom, into: below)
                lower = bottom
            }
            isBlended.update(repeating: false)
            fillRow(y, area, top: top, bottom: bottom, fraction)
        }
    }

    /// Widens a row of the output, and finds the best class of each pixel.
    private func load(_ output: OutputRows, _ y: Int, into values: UnsafeMutablePointer<Float>) {
        let count = mapSize.width * classCount
        switch output {
        case .fp32(let all): values.update(from: all.baseAddress! + y * count, count: count)
        case .fp16(let all): f16_to_f32__scalar(count, all.baseAddress! + y * count, values)
        }
        for x in 0..<mapSize.width {
            let pixel = values + x * classCount
            best[y * mapSize.width + x] = UInt8(truncatingIfNeeded: bestClass(pixel, pixel, 0))
        }
    }

    private func fillRow(_ y: Int, _ area: ImageArea, top: Int, bottom: Int, _ fraction: Float) {
        let end = area.left + area.size.width
        let pixels = mask.baseAddress! + y * area.size.width - area.left
        var left = bestClass(column: 0, top, bottom, fraction)
        for column in 0..<mapSize.width {
            let next = min(column + 1, mapSize.width - 1)
            let right = bestClass(column: next, top, bottom, fraction)
            let range = max(starts[column], area.left)..<max(min(starts[column + 1], end), max(starts[column], area.left))
            if !range.isEmpty {
                if left == right {
                    set(pixels, range, left, y, area.left)
                } else {
                    blend(column, fraction)
                    blend(next, fraction)
                    split(pixels, range, left, right, row + column * classCount, row + next * classCount, y, area.left)
                }
            }
            left = right
        }
    }

    /// Fills the pixels between two points, of which the best classes are known.
    private func split(
        _ pixels: UnsafeMutablePointer<UInt8>, _ range: Range<Int>, _ left: Int, _ right: Int,
        _ from: UnsafePointer<Float>, _ to: UnsafePointer<Float>, _ y: Int, _ origin: Int
    ) {
        guard !range.isEmpty else { return }
        guard left != right else { return set(pixels, range, left, y, origin) }
        let middle = (range.lowerBound + range.upperBound) / 2
        let best = bestClass(from, to, fractions[middle])
        split(pixels, range.lowerBound..<middle, left, best, from, to, y, origin)
        set(pixels, middle..<middle + 1, best, y, origin)
        split(pixels, middle + 1..<range.upperBound, best, right, from, to, y, origin)
    }

    private func set(
        _ pixels: UnsafeMutablePointer<UInt8>, _ range: Range<Int>, _ index: Int, _ y: Int, _ origin: Int
    ) {
        (pixels + range.lowerBound).update(repeating: UInt8(truncatingIfNeeded: index), count: range.count)
        let place = found.baseAddress! + index
        if place.pointee.count == 0 { place.pointee.top = y }
        place.pointee.count += range.count
        place.pointee.left = min(place.pointee.left, range.lowerBound - origin)
        place.pointee.right = max(place.pointee.right, range.upperBound - 1 - origin)
        place.pointee.bottom = y
    }

    /// The best class at a column of the output, between two of its rows.
    @inline(__always)
    private func bestClass(column: Int, _ top: Int, _ bottom: Int, _ fraction: Float) -> Int {
        let upper = best[top * mapSize.width + column]
        if fraction == 0 || upper == best[bottom * mapSize.width + column] { return Int(upper) }
        blend(column, fraction)
        let values = row + column * classCount
        return bestClass(values, values, 0)
    }

    private func blend(_ column: Int, _ fraction: Float) {
        guard !isBlended[column] else { return }
        isBlended[column] = true
        let start = column * classCount
        let (a, b, values, rest) = (above + start, below + start, row + start, 1 - fraction)
        for index in 0..<classCount { values[index] = a[index] * rest + b[index] * fraction }
    }

    /// The first of the best classes `fraction` of the way from one pixel's logits to another's.
    private func bestClass(_ from: UnsafePointer<Float>, _ to: UnsafePointer<Float>, _ fraction: Float) -> Int {
        var best = 0, largest = -Float.infinity
        let rest = 1 - fraction
        for index in 0..<classCount {
            let value = from[index] * rest + to[index] * fraction
            if value > largest { (best, largest) = (index, value) }
        }
        return best
    }

    // MARK: - The segments

    private func choose(_ size: ImageSize, _ thresholds: [Float], _ limit: Int?) -> UnsafeBufferPointer<Segment> {
        let whole = Float(size.width * size.height)
        var count = 0
        for index in 0..<classCount where found[index].count > 0 {
            let share = Float(found[index].count) / whole
            guard share > thresholds[index] else { continue }
            keys[count] = ScoreKey(score: share, index: index)
            count += 1
        }
        sortInPlace(UnsafeMutableBufferPointer(rebasing: keys[..<count]))
        count = min(count, max(limit ?? count, 0))
        let (width, height) = (Float(size.width), Float(size.height))
        for place in 0..<count {
            let index = keys[place].index, found = found[index]
            segments[place] = Segment(
                classIndex: Int32(index), share: keys[place].score,
                box: Box(
                    left: Float(found.left) / width, top: Float(found.top) / height,
                    right: Float(found.right + 1) / width, bottom: Float(found.bottom + 1) / height))
        }
        return UnsafeBufferPointer(rebasing: segments[..<count])
    }
}
