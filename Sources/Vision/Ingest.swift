/// Turns images into the network's input tensor. Tables for an image's size are made when the first image of that
/// size comes, and kept until the size changes; nothing is allocated in between.
public struct Ingest: ~Copyable {
    /// What it makes of images.
    public let format: InputFormat
    /// How it resizes an `Image`; a `PixelView` is always resized by `ResizeRule.fast`.
    public let rule: ResizeRule

    private var imageSize = ImageSize(width: 0, height: 0)
    /// Where the image goes; the rest is margin.
    private var area: ImageArea
    private var plan = Plan.copy
    private var scratch = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private let pixelFormat: ck_pixel_format
    private var fast: FastIngest

    /// The tables of one image size; they do not change.
    private enum Plan {
        case copy
        case fast(columns: BilinearTaps, rows: BilinearTaps)
        case openCV(columns: BilinearTaps, rows: BilinearTaps)
        /// nil where the side stays as it is.
        case pillow(columns: PillowWeights?, rows: PillowWeights?)
    }

    /// The size of `format` is not empty (precondition). `path` is one of `KernelPath.supported`; nil takes the one that
    /// SWIFTLET_PATH names, or else the fastest.
    public init(format: InputFormat, rule: ResizeRule, path: KernelPath? = nil) {
        precondition(format.size.width > 0 && format.size.height > 0)
        self.format = format
        self.rule = rule
        var pixelFormat = ck_pixel_format()
        pixelFormat.reversed = format.channelOrder == .bgr ? 1 : 0
        let deviation = format.standardDeviation
        pixelFormat.gain = (
            format.scale / deviation[0], format.scale / deviation[1], format.scale / deviation[2]
        )
        pixelFormat.bias = (
            -format.mean[0] / deviation[0], -format.mean[1] / deviation[1], -format.mean[2] / deviation[2]
        )
        self.pixelFormat = pixelFormat
        fast = FastIngest(path: path)
        area = ImageArea(size: format.size)
    }

    deinit {
        scratch.deallocate()
    }

    /// Where rows go.
    private enum Tensor {
        case values(UnsafeMutablePointer<Float>)
        case bytes(UnsafeMutablePointer<UInt8>)
    }

    /// Writes `image` as a float32 tensor [1, height, width, 3] of `format`, all of it or the part `area`. An image
    /// that has the size of its area is used as it is. The image is not empty.
    public mutating func fill(
        _ tensor: UnsafeMutableBufferPointer<Float>, from image: borrowing Image, in area: ImageArea? = nil
    ) {
        fill(output(tensor), image, area)
    }

    /// Writes `image` as channel values of 0...255, [1, height, width, 3] in the order of `format`: what `format`'s
    /// scale, mean and deviation would be applied to, rounded to nearest.
    public mutating func fill(
        _ tensor: UnsafeMutableBufferPointer<UInt8>, from image: borrowing Image, in area: ImageArea? = nil
    ) {
        if rule == .fast { return fill(tensor, from: image.view, in: area) }
        fill(output(tensor), image, area)
    }

    /// Writes an image of any layout by `ResizeRule.fast`, whatever `rule` says, as channel values of 0...255.
    public mutating func fill(
        _ tensor: UnsafeMutableBufferPointer<UInt8>, from view: PixelView, in area: ImageArea? = nil
    ) {
        begin(output(tensor), view, area)
        for y in 0..<self.area.size.height {
            fast.fillRow(
                tensor.baseAddress! + place(of: y), y, from: view, reversed: format.channelOrder == .bgr)
        }
    }

    /// The same as float32 values of `format`, which are rounded to bytes on the way.
    public mutating func fill(
        _ tensor: UnsafeMutableBufferPointer<Float>, from view: PixelView, in area: ImageArea? = nil
    ) {
        let output = output(tensor)
        begin(output, view, area)
        makeScratch(byteCount: rowValues)
        let row = scratch.baseAddress!.assumingMemoryBound(to: UInt8.self)
        for y in 0..<self.area.size.height {
            fast.fillRow(row, y, from: view, reversed: false)
            put(row, y, of: output)
        }
    }

    private mutating func begin(_ output: Tensor, _ view: PixelView, _ area: ImageArea?) {
        // What was prepared for an image of this size may be for another area.
        imageSize = ImageSize(width: 0, height: 0)
        self.area = checked(area)
        fast.prepare(for: view.layout, target: self.area.size)
        fillMargins(of: output)
    }

    private func output(_ tensor: UnsafeMutableBufferPointer<Float>) -> Tensor {
        precondition(tensor.count == format.size.width * format.size.height * 3)
        return .values(tensor.baseAddress!)
    }

    private func output(_ tensor: UnsafeMutableBufferPointer<UInt8>) -> Tensor {
        precondition(tensor.count == format.size.width * format.size.height * 3)
        return .bytes(tensor.baseAddress!)
    }

    private func checked(_ area: ImageArea?) -> ImageArea {
        guard let area else { return ImageArea(size: format.size) }
        precondition(
            area.left >= 0 && area.top >= 0 && area.size.width > 0 && area.size.height > 0
                && area.left + area.size.width <= format.size.width
                && area.top + area.size.height <= format.size.height)
        return area
    }

    private mutating func makeScratch(byteCount: Int) {
        guard scratch.count < byteCount else { return }
        scratch.deallocate()
        scratch = .allocate(byteCount: byteCount, alignment: 64)
    }

    private mutating func fill(_ output: Tensor, _ image: borrowing Image, _ area: ImageArea?) {
        precondition(image.size.width > 0 && image.size.height > 0)
        let area = checked(area)
        if image.size != imageSize || area != self.area { prepare(for: image.size, area) }
        fillMargins(of: output)
        let pixels = UnsafePointer(image.pixels.baseAddress!)
        switch plan {
        case .copy: copy(pixels, to: output)
        case .fast(let columns, let rows):
            guard case .values(let values) = output else { preconditionFailure("bytes come from the image's view") }
            fillFast(values, pixels, columns, rows)
        case .openCV(let columns, let rows): fillOpenCV(output, pixels, columns, rows)
        case .pillow(let columns, let rows): fillPillow(output, pixels, columns, rows)
        }
    }

    private mutating func prepare(for size: ImageSize, _ area: ImageArea) {
        imageSize = size
        self.area = area
        let target = area.size
        let needed: Int
        switch rule {
        case _ where size == target:
            plan = .copy
            needed = 0
        case .fast:
            plan = .fast(
                columns: BilinearTaps(fastFrom: size.width, to: target.width, step: 3),
                rows: BilinearTaps(fastFrom: size.height, to: target.height, step: size.width * 3))
            // One row of the image, blended from two.
            needed = size.width * 3 * MemoryLayout<UInt16>.stride
        case .bilinearOpenCV:
            plan = .openCV(
                columns: BilinearTaps(openCVFrom: size.width, to: target.width, step: 3, clampsWeights: true),
                rows: BilinearTaps(openCVFrom: size.height, to: target.height, step: 1, clampsWeights: false))
            // Two rows of sums and one of bytes.
            needed = target.width * 3 * (2 * MemoryLayout<Int32>.stride + 1)
        case .bicubicPillow:
            plan = .pillow(
                columns: size.width == target.width ? nil : PillowWeights(from: size.width, to: target.width),
                rows: size.height == target.height ? nil : PillowWeights(from: size.height, to: target.height))
            // The image at the tensor's width, and one row.
            needed = target.width * 3 * (size.height + 1)
        }
        makeScratch(byteCount: needed)
    }

    /// Of a row of the area.
    private var rowValues: Int { area.size.width * 3 }

    /// Where row `y` of the area begins in the tensor.
    private func place(of y: Int) -> Int { ((area.top + y) * format.size.width + area.left) * 3 }

    /// One row of the right width becomes row `y` of the area.
    private func put(_ row: UnsafePointer<UInt8>, _ y: Int, of output: Tensor) {
        switch output {
        case .values(let values):
            withUnsafePointer(to: pixelFormat) {
                u8_normalise__scalar(area.size.width, row, $0, values + place(of: y))
            }
        case .bytes(let bytes):
            if pixelFormat.reversed != 0 {
                u8_reverse_channels__scalar(area.size.width, row, bytes + place(of: y))
            } else {
                (bytes + place(of: y)).update(from: row, count: rowValues)
            }
        }
    }

    private func copy(_ pixels: UnsafePointer<UInt8>, to output: Tensor) {
        for y in 0..<area.size.height { put(pixels + y * rowValues, y, of: output) }
    }

    private func fillMargins(of output: Tensor) {
        guard area.size != format.size else { return }
        let stride = format.size.width * 3
        let first = place(of: 0), end = place(of: area.size.height - 1) + rowValues
        fillMargin(0..<first, of: output)
        for y in 1..<area.size.height { fillMargin(place(of: y) - stride + rowValues..<place(of: y), of: output) }
        fillMargin(end..<format.size.height * stride, of: output)
    }

    /// - Parameter range: of whole pixels.
    private func fillMargin(_ range: Range<Int>, of output: Tensor) {
        switch output {
        case .bytes(let bytes): (bytes + range.lowerBound).update(repeating: ImageArea.margin, count: range.count)
        case .values(let values):
            let grey = Float(ImageArea.margin), gain = pixelFormat.gain, bias = pixelFormat.bias
            for index in stride(from: range.lowerBound, to: range.upperBound, by: 3) {
                values[index] = grey * gain.0 + bias.0
                values[index + 1] = grey * gain.1 + bias.1
                values[index + 2] = grey * gain.2 + bias.2
            }
        }
    }

    private func fillFast(
        _ values: UnsafeMutablePointer<Float>, _ pixels: UnsafePointer<UInt8>, _ columns: BilinearTaps,
        _ rows: BilinearTaps
    ) {
        let rowBytes = imageSize.width * 3
        let blended = scratch.baseAddress!.assumingMemoryBound(to: UInt16.self)
        for y in 0..<area.size.height {
            let row = rows.taps[y]
            let upper = pixels + Int(row.left), lower = pixels + Int(row.right)
            withUnsafePointer(to: pixelFormat) {
                u8_resize_fast_row__scalar(
                    rowBytes, upper, lower, UInt32(row.right_weight), blended, area.size.width, columns.taps, $0,
                    values + place(of: y))
            }
        }
    }

    private func fillOpenCV(
        _ output: Tensor, _ pixels: UnsafePointer<UInt8>, _ columns: BilinearTaps,
        _ rows: BilinearTaps
    ) {
        let rowBytes = imageSize.width * 3
        var upper = scratch.baseAddress!.assumingMemoryBound(to: Int32.self)
        var lower = upper + rowValues
        let bytes = UnsafeMutableRawPointer(lower + rowValues).assumingMemoryBound(to: UInt8.self)
        // Source rows whose sums `upper` and `lower` hold.
        var upperRow = UInt32.max
        var lowerRow = UInt32.max
        for y in 0..<area.size.height {
            let row = rows.taps[y]
            if row.left == lowerRow {
                (upper, lower) = (lower, upper)
                (upperRow, lowerRow) = (lowerRow, upperRow)
            }
            if row.left != upperRow {
                u8_resize_opencv_horizontal__scalar(
                    area.size.width, pixels + Int(row.left) * rowBytes, columns.taps, upper)
                upperRow = row.left
            }
            if row.right != lowerRow {
                u8_resize_opencv_horizontal__scalar(
                    area.size.width, pixels + Int(row.right) * rowBytes, columns.taps, lower)
                lowerRow = row.right
            }
            u8_resize_opencv_vertical__scalar(rowValues, upper, lower, row.left_weight, row.right_weight, bytes)
            put(bytes, y, of: output)
        }
    }

    private func fillPillow(
        _ output: Tensor, _ pixels: UnsafePointer<UInt8>, _ columns: PillowWeights?,
        _ rows: PillowWeights?
    ) {
        var narrow = pixels
        let row = scratch.baseAddress!.assumingMemoryBound(to: UInt8.self)
        if let columns {
            let stretched = row + rowValues
            for y in 0..<imageSize.height {
                u8_resize_pillow_horizontal__scalar(
                    area.size.width, pixels + y * imageSize.width * 3, columns.firsts, columns.counts,
                    columns.weights, columns.stride, stretched + y * rowValues)
            }
            narrow = UnsafePointer(stretched)
        }
        guard let rows else { return copy(narrow, to: output) }
        rows.weights.withUnsafeBufferPointer { weights in
            for y in 0..<area.size.height {
                u8_resize_pillow_vertical__scalar(
                    rowValues, Int(rows.counts[y]), narrow + Int(rows.firsts[y]) * rowValues,
                    weights.baseAddress! + y * rows.stride, row)
                put(row, y, of: output)
            }
        }
    }
}
