import CKernels
import CTestSupport
import Vision

/// Pictures of every layout through the fast resize, against its formula in double precision.
public struct PixelViewChecks {
    private var generator: SeededGenerator
    private let atEnd: Bool

    public init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        atEnd = seed % 2 == 0
    }

    /// Random sizes and bytes; every plane ends or begins beside an unmapped page.
    public mutating func layouts(_ check: inout Check) {
        let (width, height) = (generator.integer(1...90), generator.integer(1...60))
        let size = PictureSize(width: width, height: height)
        let half = PictureSize(width: (width + 1) / 2, height: (height + 1) / 2)
        let wide = PictureSize(width: (width + 1) / 2, height: height)
        let matrices: [ColourMatrix] = [
            .bt601(isFullRange: true), .bt601(isFullRange: false), .bt709(isFullRange: true),
            .bt709(isFullRange: false),
        ]
        let matrix = matrices[generator.integer(0...3)]
        func channel(_ plane: Int, _ offset: Int, _ step: Int, _ samples: PictureSize) -> PixelChannel {
            PixelChannel(
                plane: plane, offset: offset, step: step, size: samples, across: samples == size ? .one : .half,
                down: samples == half && half != wide ? .half : .one)
        }
        let all: [PixelLayout] = [
            PixelLayout(
                size: size, colours: .yCbCr(matrix),
                channels: [channel(0, 0, 2, size), channel(0, 1, 4, wide), channel(0, 3, 4, wide)]),
            PixelLayout(
                size: size, colours: .yCbCr(matrix),
                channels: [channel(0, 0, 1, size), channel(1, 0, 2, half), channel(1, 1, 2, half)]),
            PixelLayout(
                size: size, colours: .yCbCr(matrix),
                channels: [channel(0, 0, 1, size), channel(1, 0, 1, half), channel(2, 0, 1, half)]),
            PixelLayout(
                size: size, colours: .rgb,
                channels: [channel(0, 2, 3, size), channel(0, 1, 3, size), channel(0, 0, 3, size)]),
            PixelLayout(
                size: size, colours: .grey,
                channels: [channel(0, 0, 1, size), channel(0, 0, 1, size), channel(0, 0, 1, size)]),
        ]
        let target = PictureSize(width: generator.integer(1...50), height: generator.integer(1...40))
        for layout in all { compare(layout, matrix, target, &check) }
    }

    private mutating func compare(
        _ layout: PixelLayout, _ matrix: ColourMatrix, _ target: PictureSize, _ check: inout Check
    ) {
        let padding = generator.integer(0...9)
        let count = layout.colours == .grey ? 1 : 3
        var strides: [Int] = [0, 0, 0], rows: [Int] = [0, 0, 0]
        for index in 0..<count {
            let channel = layout.channels[index]
            let bytes = channel.offset + (channel.size.width - 1) * channel.step + 1
            strides[channel.plane] = max(strides[channel.plane], bytes)
            rows[channel.plane] = max(rows[channel.plane], channel.size.height)
        }
        var planes: [GuardedArray<UInt8>] = []
        for plane in 0..<3 {
            // The last row has no padding: nothing behind the last pixel is anybody's to read.
            let bytes = max(rows[plane] - 1, 0) * (strides[plane] + padding) + strides[plane]
            let array = GuardedArray(count: max(bytes, 1), atEnd: atEnd, repeating: UInt8(0))
            for index in 0..<array.elements.count { array.elements[index] = UInt8(generator.integer(0...255)) }
            planes.append(array)
        }
        func plane(_ index: Int) -> PixelView.Plane {
            PixelView.Plane(start: UnsafePointer(planes[index].base), rowBytes: strides[index] + padding)
        }
        let view = PixelView(layout: layout, planes: [plane(0), plane(1), plane(2)])
        let order = generator.integer(0...1) == 0 ? ChannelOrder.rgb : .bgr
        var ingest = Ingest(format: InputFormat(size: target, channelOrder: order), rule: .fast)
        let output = GuardedArray(count: target.width * target.height * 3, atEnd: atEnd, repeating: UInt8(0))
        ingest.fill(output.elements, from: view)
        var worst = 0.0
        for y in 0..<target.height {
            for x in 0..<target.width {
                var values: [Double] = [0, 0, 0]
                for index in 0..<count {
                    let channel = layout.channels[index]
                    values[index] = Self.sample(
                        view.planes[channel.plane], channel,
                        position(x, layout.size.width, channel.size.width, channel.across, target.width),
                        position(y, layout.size.height, channel.size.height, channel.down, target.height))
                }
                if count == 1 { values = [values[0], values[0], values[0]] }
                if case .yCbCr = layout.colours { values = Self.convert(values, matrix) }
                for index in 0..<3 {
                    let place = order == .rgb ? index : 2 - index
                    let found = Double(output.elements[(y * target.width + x) * 3 + place])
                    worst = max(worst, (found - values[index]).magnitude)
                }
            }
        }
        // Channels are rounded to bytes before colours are converted: half a step each, by weights of up to 2.2.
        check.expect(worst < (count == 3 && layout.colours != .rgb ? 2.3 : 0.51), "off by \(worst)")
        withExtendedLifetime(planes) {}
    }

    /// The source position of `ResizeRule.fast`, in samples.
    private func position(_ index: Int, _ pixels: Int, _ samples: Int, _ rate: SampleRate, _ target: Int) -> Double {
        let perPixel = Double(rate.samples) / Double(rate.pixels)
        let exact = (Double(index) + 0.5) * Double(pixels) / Double(target) * perPixel - 0.5
        let limited = min(max(exact, 0), Double(samples - 1))
        return (limited * 256 + 0.5).rounded(.down) / 256
    }

    private static func sample(_ plane: PixelView.Plane, _ channel: PixelChannel, _ x: Double, _ y: Double) -> Double {
        func value(_ column: Int, _ row: Int) -> Double {
            let offset = min(row, channel.size.height - 1) * plane.rowBytes + channel.offset
            return Double(plane.start[offset + min(column, channel.size.width - 1) * channel.step])
        }
        let (left, top) = (Int(x), Int(y)), (dx, dy) = (x - x.rounded(.down), y - y.rounded(.down))
        let upper = value(left, top) * (1 - dx) + value(left + 1, top) * dx
        let lower = value(left, top + 1) * (1 - dx) + value(left + 1, top + 1) * dx
        return upper * (1 - dy) + lower * dy
    }

    /// ITU-R BT.601 and BT.709, in double precision.
    private static func convert(_ values: [Double], _ matrix: ColourMatrix) -> [Double] {
        let isFull = matrix == .bt601(isFullRange: true) || matrix == .bt709(isFullRange: true)
        let is601 = matrix == .bt601(isFullRange: true) || matrix == .bt601(isFullRange: false)
        let (kr, kb) = is601 ? (0.299, 0.114) : (0.2126, 0.0722)
        let y = isFull ? values[0] : (values[0] - 16) * 255 / 219
        let scale = isFull ? 1.0 : 255.0 / 224
        let cb = (values[1] - 128) * scale, cr = (values[2] - 128) * scale
        let red = y + 2 * (1 - kr) * cr, blue = y + 2 * (1 - kb) * cb
        let green = (y - kr * red - kb * blue) / (1 - kr - kb)
        return [red, green, blue].map { min(max($0, 0), 255) }
    }

    /// This processor's resize of a channel against its scalar twin: equal bytes. Taps as near and as far apart as any
    /// camera's, and elements that end beside an unmapped page as soon as the kernel permits.
    public mutating func channels(_ check: inout Check) {
        let width = generator.integer(1...70), samples = generator.integer(1...200), step = generator.integer(1...4)
        let taps = (0..<width).map { x in
            let position = min(max((2 * x + 1) * samples * 256 / (2 * width) - 128, 0), (samples - 1) * 256)
            let left = position / 256, weight = position % 256
            return ck_tap(
                left: UInt32(left * step), right: UInt32(min(left + 1, samples - 1) * step),
                left_weight: Int32(256 - weight), right_weight: Int32(weight))
        }
        var blocks = [ck_tap_block](repeating: ck_tap_block(), count: width / 8)
        let fits = ck_make_tap_blocks(width, taps, &blocks) != 0
        check.expect(fits || (7 * samples + 2 * width) * step > 31 * width, "taps of \(samples) by \(step) to \(width) fit")
        let blended = GuardedArray(count: (samples - 1) * step + 32, atEnd: true, repeating: UInt16(0))
        for index in 0..<blended.elements.count { blended.elements[index] = UInt16(generator.integer(0...65_280)) }
        let found = GuardedArray(count: width, atEnd: atEnd, repeating: UInt8(0))
        u8_resize_fast_channel(width, blended.base, taps, fits ? blocks : nil, found.base)
        var isEqual = true
        let expected = GuardedArray(count: width, atEnd: atEnd, repeating: UInt8(0))
        u8_resize_fast_channel__scalar(width, blended.base, taps, expected.base)
        for index in 0..<width where found.elements[index] != expected.elements[index] { isEqual = false }
        check.expect(isEqual, "\(samples) samples by \(step) to \(width) differ")
    }

    /// The colour conversion of this processor against its scalar twin: equal bytes.
    public mutating func colours(_ check: inout Check) {
        let width = generator.integer(1...70)
        func row(_ generator: inout SeededGenerator, _ count: Int) -> GuardedArray<UInt8> {
            let array = GuardedArray(count: count, atEnd: atEnd, repeating: UInt8(0))
            for index in 0..<count { array.elements[index] = UInt8(generator.integer(0...255)) }
            return array
        }
        let y = row(&generator, width), cb = row(&generator, width), cr = row(&generator, width)
        let found = row(&generator, 3 * width), expected = row(&generator, 3 * width)
        var matrix = ck_ycc(
            black: 16, luma: 9539, red_by_cr: 14688, green_by_cb: -1747, green_by_cr: -4366, blue_by_cb: 17305)
        if generator.integer(0...1) == 0 {
            matrix = ck_ycc(
                black: 0, luma: 8192, red_by_cr: 11485, green_by_cb: -2819, green_by_cr: -5850, blue_by_cb: 14516)
        }
        for reversed in Int32(0)...1 {
            u8_ycc_to_rgb(width, y.base, cb.base, cr.base, &matrix, reversed, found.base)
            u8_ycc_to_rgb__scalar(width, y.base, cb.base, cr.base, &matrix, reversed, expected.base)
            var isEqual = true
            for index in 0..<3 * width where found.elements[index] != expected.elements[index] { isEqual = false }
            check.expect(isEqual, "colours of \(width) pixels differ")
        }
    }
}
