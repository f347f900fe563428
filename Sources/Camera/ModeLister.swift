/// Lists what a device offers of the formats that are read here; where that is nothing, what libv4l can convert.
struct ModeLister {
    let descriptor: Int32
    let usesPlanes: Bool
    let request: CaptureRequest
    /// Whether libv4l is asked where nothing else is offered.
    var converts = true

    /// A driver that never ends its lists must not block the daemon for ever.
    private static var maximumFormats: UInt32 { 128 }
    private static var maximumSizes: UInt32 { 64 }
    private static var maximumIntervals: UInt32 { 32 }

    /// What frames are wide and high here.
    static var sides: ClosedRange<Int> { 8...16_384 }

    /// Sizes to try where a driver takes any: the usual ones of cameras.
    private static var usualSizes: [(Int, Int)] { [(640, 480), (800, 600), (1280, 720), (1920, 1080)] }

    func modes() -> [CaptureMode] {
        var modes: [CaptureMode] = []
        for index in 0..<Self.maximumFormats {
            var fourcc: UInt32 = 0
            guard clinux_v4l2_list_format(descriptor, usesPlanes, index, &fourcc) == 0 else { break }
            guard let format = PixelFormat(fourcc: fourcc) else { continue }
            appendSizes(format, fourcc, &modes)
        }
        if modes.isEmpty, converts, !usesPlanes, let converter = FrameConverter(descriptor: descriptor) {
            for (width, height) in candidates() {
                if let mode = converter.mode(width: width, height: height) { append(mode, &modes) }
            }
        }
        return modes
    }

    private func appendSizes(_ format: PixelFormat, _ fourcc: UInt32, _ modes: inout [CaptureMode]) {
        var hasSizes = false
        for index in 0..<Self.maximumSizes {
            var size = clinux_v4l2_size()
            guard clinux_v4l2_list_size(descriptor, fourcc, index, &size) == 0 else { break }
            hasSizes = true
            if size.is_range {
                for (width, height) in candidates() {
                    let fitted = (
                        fit(width, size.width, size.max_width, size.step_width),
                        fit(height, size.height, size.max_height, size.step_height)
                    )
                    appendIntervals(format, fourcc, fitted.0, fitted.1, &modes)
                }
            } else {
                appendIntervals(format, fourcc, Int(clamping: size.width), Int(clamping: size.height), &modes)
            }
        }
        guard !hasSizes else { return }
        // A driver without a list has the format that is set.
        var current = clinux_v4l2_format()
        guard clinux_v4l2_get_format(descriptor, usesPlanes, &current) == 0 else { return }
        appendIntervals(format, fourcc, Int(clamping: current.width), Int(clamping: current.height), &modes)
    }

    private func candidates() -> [(Int, Int)] {
        if let width = request.width, let height = request.height { return [(width, height)] }
        return [(request.networkWidth, request.networkHeight)] + Self.usualSizes
    }

    /// The nearest side in a driver's range that is not below the wanted one, if there is one.
    private func fit(_ side: Int, _ minimum: UInt32, _ maximum: UInt32, _ step: UInt32) -> Int {
        let (side, minimum, maximum, step) = (Int64(side), Int64(minimum), Int64(maximum), max(Int64(step), 1))
        guard side > minimum, maximum >= minimum else { return Int(clamping: minimum) }
        return Int(
            clamping: min(minimum + (side - minimum + step - 1) / step * step, minimum + (maximum - minimum) / step * step))
    }

    /// The interval in a driver's range that is nearest to the wanted one; the shortest where none is wanted.
    private func fit(_ interval: clinux_v4l2_interval) -> (UInt32, UInt32) {
        let shortest = Double(interval.numerator) / Double(interval.denominator)
        let longest = Double(interval.max_numerator) / Double(interval.max_denominator)
        guard interval.is_range, let rate = request.rate, 1 / rate > shortest, longest > shortest else {
            return (interval.numerator, interval.denominator)
        }
        guard 1 / rate < longest else { return (interval.max_numerator, interval.max_denominator) }
        // Microseconds, as drivers count them: a rate that is wanted is at least one frame in hours.
        return (UInt32(clamping: Int64((1e6 / rate).rounded())), 1_000_000)
    }

    private func appendIntervals(
        _ format: PixelFormat, _ fourcc: UInt32, _ width: Int, _ height: Int, _ modes: inout [CaptureMode]
    ) {
        guard Self.sides.contains(width), Self.sides.contains(height) else { return }
        var mode = CaptureMode(
            format: format, fourcc: fourcc, width: width, height: height, intervalNumerator: 0, intervalDenominator: 1)
        var hasIntervals = false
        for index in 0..<Self.maximumIntervals {
            var interval = clinux_v4l2_interval()
            guard
                clinux_v4l2_list_interval(descriptor, fourcc, UInt32(width), UInt32(height), index, &interval) == 0
            else { break }
            guard interval.numerator > 0, interval.denominator > 0 else { continue }
            hasIntervals = true
            (mode.intervalNumerator, mode.intervalDenominator) = fit(interval)
            append(mode, &modes)
        }
        if !hasIntervals { append(mode, &modes) }
    }

    private func append(_ mode: CaptureMode, _ modes: inout [CaptureMode]) {
        if modes.count < DeviceList.maximumModes, !modes.contains(mode) { modes.append(mode) }
    }
}
