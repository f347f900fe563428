import CHostileDevice
import CLinux
import Pixels

@testable import Camera

/// What a kernel driver answers to each call, bit by bit: lists, formats, buffers, frames. CameraTarget plays what comes
/// after these have been checked.
struct DriverTarget: FuzzTarget {
    static let name = "driver"
    static let longest = 8 << 10

    private let request = CaptureRequest(networkWidth: 320, networkHeight: 320, rate: 7)
    private var driver: V4L2Driver

    init() { driver = V4L2Driver(CameraSelector(), request, interrupt: -1) }

    mutating func run(_ bytes: UnsafeRawBufferPointer) {
        let path: [CChar] = [0x2F, 0x64, 0x65, 0x76, 0x2F, 0x6E, 0x75, 0x6C, 0x6C, 0]  // /dev/null
        var descriptor: Int32 = -1
        guard bytes.count > 0, clinux_v4l2_open(path, &descriptor) == 0 else { return }
        // The driver opens the same again, and gets the same number.
        _ = clinux_close(descriptor)
        let input = bytes.bindMemory(to: UInt8.self)
        hostile_device_begin(descriptor, input.baseAddress!, input.count)
        defer { _ = hostile_device_end() }
        var identity = clinux_v4l2_identity()
        _ = clinux_v4l2_identify(descriptor, &identity)
        let usesPlanes = bytes[bytes.count - 1] & 1 != 0
        let modes = ModeLister(descriptor: descriptor, usesPlanes: usesPlanes, request: request, converts: false).modes()
        guard modes.count <= DeviceList.maximumModes else { fatalError("a list without an end") }
        guard let best = request.best(of: modes) else { return }
        var mode = modes[best]
        let device = DeviceList.Device(
            identity: CameraIdentity(path: path, card: [], bus: [], byID: [], byPath: []), driver: [],
            usesPlanes: usesPlanes, modes: modes)
        do throws(CameraError) {
            try driver.start(device, &mode)
            guard ModeLister.sides.contains(mode.width), ModeLister.sides.contains(mode.height) else {
                fatalError("a side of \(mode.width) or \(mode.height)")
            }
            for turn in 0..<64 {
                guard let filled = try driver.dequeue() else { break }
                if case .success(let image) = driver.image(filled.index) { read(image) }
                if turn & 7 == 7 { try driver.restart() } else { try driver.enqueue(filled.index) }
            }
        } catch {}
        driver.close()
    }

    /// The ends of every plane.
    private func read(_ image: PixelBuffer) {
        for index in 0..<image.format.planeCount {
            let bytes = image.planes[index]
            guard let first = bytes.first, let last = bytes.last else { fatalError("an empty plane") }
            blackHole = first &+ last
        }
    }
}

nonisolated(unsafe) private var blackHole: UInt8 = 0
