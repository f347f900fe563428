/// The devices of this machine that capture video.
public struct DeviceList {
    /// A device that captures video.
    public struct Device {
        /// How it can be named.
        public var identity: CameraIdentity
        /// The kernel driver's name, such as "uvcvideo"; UTF-8.
        public var driver: [UInt8]
        /// Whether frames come in a buffer per plane.
        public var usesPlanes: Bool
        /// All that is read natively, in the driver's order.
        public var modes: [CaptureMode]
    }

    /// A device that is there and can't be opened, or opened and not asked what it is.
    public struct Rejection {
        /// Such as /dev/video0.
        public var node: [UInt8]
        /// EACCES or EPERM without permission, EBUSY where another program keeps it to itself, or what went wrong.
        public var error: Int32
    }

    /// At most 64, in the order in which the system lists their nodes: any.
    public private(set) var devices: [Device] = []
    /// The devices that can't be opened, in the same order.
    public private(set) var rejections: [Rejection] = []
    /// Why the first device of those was rejected; nil where there are none.
    public var rejection: Int32? { rejections.first?.error }

    private let request: CaptureRequest

    private static var maximumDevices: Int { 64 }
    private static var maximumLinks: Int { 256 }
    static var maximumModes: Int { 1024 }

    /// Asks every device node; those that cannot be opened or capture nothing are skipped.
    public init(request: CaptureRequest) {
        self.request = request
        for name in Self.names(in: "/dev", beginning: "video") {
            guard devices.count + rejections.count < Self.maximumDevices else { return }
            var descriptor: Int32 = -1
            let path = Self.path("/dev", name)
            var error = clinux_v4l2_open(path, &descriptor)
            if error == 0 {
                if let device = Self.device(descriptor, path, request, &error) { devices.append(device) }
                _ = clinux_close(descriptor)
            }
            guard error != 0, !Self.errorsOfOthers.contains(error) else { continue }
            rejections.append(Rejection(node: path.dropLast().map { UInt8(bitPattern: $0) }, error: error))
        }
        name("/dev/v4l/by-id") { identity, link in Self.keepFirst(&identity.byID, link) }
        name("/dev/v4l/by-path") { identity, link in Self.keepFirst(&identity.byPath, link) }
    }

    /// The place of the camera that `selector` means.
    public func chosen(by selector: CameraSelector) -> Int? {
        selector.choose(from: devices.map { ($0.identity, $0.driver, CameraSelector.Offer($0.modes, request)) })
    }

    /// What comes and goes, and what captures no video.
    private static var errorsOfOthers: [Int32] {
        [clinux_ENOENT, clinux_ENODEV, clinux_ENXIO, clinux_ENOTTY, clinux_EINVAL]
    }

    private static func device(
        _ descriptor: Int32, _ path: [CChar], _ request: CaptureRequest, _ error: inout Int32
    ) -> Device? {
        var found = clinux_v4l2_identity()
        error = clinux_v4l2_identify(descriptor, &found)
        guard error == 0, found.streams, found.captures || found.captures_planes
        else { return nil }
        let usesPlanes = !found.captures
        let identity = CameraIdentity(
            path: path, card: text(of: found.card), bus: text(of: found.bus), byID: [], byPath: [])
        return Device(
            identity: identity, driver: text(of: found.driver), usesPlanes: usesPlanes,
            modes: ModeLister(descriptor: descriptor, usesPlanes: usesPlanes, request: request).modes())
    }

    /// The bytes of a null-terminated array inside a C struct.
    private static func text<Array>(of array: Array) -> [UInt8] {
        withUnsafeBytes(of: array) { [UInt8]($0.prefix { $0 != 0 }) }
    }

    /// Gives devices the names of the links in `directory`.
    private mutating func name(_ directory: StaticString, _ body: (inout CameraIdentity, [UInt8]) -> Void) {
        for link in Self.names(in: directory, beginning: "") {
            var target = [CChar](repeating: 0, count: 256)
            guard clinux_read_link(Self.path(directory, link), &target, target.count) == 0 else { continue }
            let slash = CChar(bitPattern: UInt8(ascii: "/"))
            let end = target.firstIndex(of: 0) ?? target.count
            let start = target[..<end].lastIndex(of: slash).map { $0 + 1 } ?? 0
            for index in devices.indices {
                // Behind "/dev/", and without its end.
                let node = devices[index].identity.path.dropFirst(5).dropLast()
                if node.elementsEqual(target[start..<end]) { body(&devices[index].identity, link) }
            }
        }
    }

    /// A device may have several links: which the system lists first is not always the same.
    private static func keepFirst(_ name: inout [UInt8], _ link: [UInt8]) {
        if name.isEmpty || link.lexicographicallyPrecedes(name) { name = link }
    }

    /// The names in a directory that begin so, at most `maximumLinks`; none where it cannot be read.
    private static func names(in directory: StaticString, beginning prefix: StaticString) -> [[UInt8]] {
        Files.names(in: cString(directory), limit: maximumLinks) { name in
            guard name.count >= prefix.utf8CodeUnitCount, name.first != UInt8(ascii: ".") else { return false }
            for index in 0..<prefix.utf8CodeUnitCount where name[index] != prefix.utf8Start[index] { return false }
            return true
        }
    }

    private static func cString(_ text: StaticString) -> UnsafePointer<CChar> {
        UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    private static func path(_ directory: StaticString, _ name: [UInt8]) -> [CChar] {
        var path: [CChar] = []
        for index in 0..<directory.utf8CodeUnitCount { path.append(CChar(bitPattern: directory.utf8Start[index])) }
        path.append(CChar(bitPattern: UInt8(ascii: "/")))
        for byte in name { path.append(CChar(bitPattern: byte)) }
        path.append(0)
        return path
    }
}
