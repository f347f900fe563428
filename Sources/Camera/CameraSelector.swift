/// Which camera is meant: by a name of `CameraIdentity`, or any.
public struct CameraSelector: Sendable {
    /// nil: the first that there is.
    public var name: [UInt8]?

    /// `name` in UTF-8: a link under /dev/v4l/by-id or by-path, a bus, a card, a device node, or the full path of one.
    public init(name: [UInt8]? = nil) { self.name = name }

    /// What captures video and is no camera of its own: codecs, image processors and receivers of the Raspberry Pi,
    /// whose cameras libcamera runs.
    private static var processors: [StaticString] {
        ["bcm2835-codec", "bcm2835-isp", "rpi-hevc-dec", "rpivid", "pispbe", "unicam", "rp1-cfe", "vim2m"]
    }

    /// What a device has to offer; the best comes first.
    enum Offer: Int {
        /// Infrared cameras give grey images, which the networks were not trained on.
        case colour, grey
        /// Distances, metadata, unsupported formats.
        case nothing

        /// That of modes out of which one is to be taken.
        init(_ modes: [CaptureMode], _ request: CaptureRequest) {
            self = .nothing
            for mode in modes where request.format == nil || mode.format == request.format {
                if mode.format != .grey { self = .colour }
                if self == .nothing { self = .grey }
            }
        }
    }

    /// What is known of a device.
    typealias Candidate = (identity: CameraIdentity, driver: [UInt8], offer: Offer)

    /// The place of the wanted camera in a list. A name is one of /dev/v4l/by-id or by-path, a bus or card, a device
    /// node, or the full path of any of these. Without a name those come first that offer colour, then grey, then those
    /// that offer nothing; among these USB cameras; then the order is that of `byPath` and of the nodes, which does not
    /// depend on what was plugged in first. Of the nodes of one camera that has a name, one that offers something is
    /// taken.
    func choose(from cameras: [Candidate]) -> Int? {
        if let name {
            let last = name.lastIndex(of: UInt8(ascii: "/")).map { Array(name[($0 + 1)...]) } ?? name
            var shared: Int?
            for index in cameras.indices {
                let camera = cameras[index].identity
                if camera.node == name { return index }
                if !last.isEmpty, camera.byID == last || camera.byPath == last { return index }
                // The nodes of a camera share its bus and card.
                guard camera.bus == name || camera.card == name else { continue }
                if shared.map({ isBefore(cameras[index], cameras[$0]) }) ?? true { shared = index }
            }
            return shared
        }
        var best: Int?
        for index in cameras.indices {
            let driver = cameras[index].driver
            if Self.processors.contains(where: { equal(driver, $0) }) { continue }
            if best.map({ isBefore(cameras[index], cameras[$0]) }) ?? true { best = index }
        }
        return best
    }

    private func isBefore(_ a: Candidate, _ b: Candidate) -> Bool {
        if a.offer != b.offer { return a.offer.rawValue < b.offer.rawValue }
        let (usbA, usbB) = (equal(a.driver, "uvcvideo"), equal(b.driver, "uvcvideo"))
        if usbA != usbB { return usbA }
        let (pathA, pathB) = (a.identity.byPath, b.identity.byPath)
        if pathA != pathB { return pathA.lexicographicallyPrecedes(pathB) }
        // Node 10 comes after node 2.
        let (nodeA, nodeB) = (a.identity.node, b.identity.node)
        return nodeA.count == nodeB.count ? nodeA.lexicographicallyPrecedes(nodeB) : nodeA.count < nodeB.count
    }

    private func equal(_ bytes: [UInt8], _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        for index in bytes.indices where bytes[index] != text.utf8Start[index] { return false }
        return true
    }
}
