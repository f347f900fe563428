/// Since the start: frames of a camera that came while another was worked on, and those that could not be used.
struct FrameCounts {
    var dropped: UInt64
    var corrupt: UInt64
}

/// The one place between capture and inference: it contains the newest frame, ready for the network.
///
/// The capturing thread fills a tensor of its own and changes it for the slot's: a slow network makes it replace
/// frames, never queue them. `@unchecked Sendable`: what both threads touch is guarded by `lock`.
final class FrameSlot: @unchecked Sendable {
    enum Taken {
        /// The consumer releases the image.
        case frame(Frame, FrameCounts)
        /// There will be no more.
        case ended
        case stopped
    }

    private let lock: Lock
    /// Readable once there is something to take, and once the slot is free.
    private let filled: Event
    private let freed: Event
    private var waiting: (frame: Frame, counts: FrameCounts)?
    private var hasEnded = false
    /// The frame that was taken last has an image.
    private var isImageInWork = false
    private var replaced: UInt64 = 0
    private var front: ImageInput.Tensor
    private var back: ImageInput.Tensor

    /// For tensors like a network's own.
    init(like tensor: ImageInput.Tensor) throws(SystemError) {
        lock = try Lock()
        filled = try Event()
        freed = try Event()
        front = Self.allocate(like: tensor)
        back = Self.allocate(like: tensor)
    }

    deinit {
        waiting?.frame.image?.close()
        for tensor in [front, back] {
            switch tensor {
            case .bytes(let bytes): bytes.deallocate()
            case .values(let values): values.deallocate()
            }
        }
    }

    private static func allocate(like tensor: ImageInput.Tensor) -> ImageInput.Tensor {
        func zeros<Element: Numeric>(_ count: Int) -> UnsafeMutableBufferPointer<Element> {
            let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: count)
            copy.initialize(repeating: 0)
            return copy
        }
        return switch tensor {
        case .bytes(let bytes): .bytes(zeros(bytes.count))
        case .values(let values): .values(zeros(values.count))
        }
    }

    // MARK: - The capturing thread's side

    /// The tensor to fill before `put`.
    var tensor: ImageInput.Tensor { back }

    /// A copy of a frame's pixels for the next frame, in the memory of the frame that has not been taken yet, so that at most
    /// one waits. nil where one is being worked on: who waits for an image gets that.
    func image(of pixels: PixelBuffer, rotation: Int) throws(ImageError) -> CapturedImage? {
        var reused: CapturedImage?
        let isInWork = lock.locked {
            reused = waiting?.frame.image
            waiting?.frame.image = nil
            return isImageInWork
        }
        if reused == nil, isInWork { return nil }
        var image = if let reused { reused } else { try CapturedImage() }
        do throws(ImageError) {
            try image.fill(pixels, rotation: rotation)
        } catch {
            image.close()
            throw error
        }
        return image
    }

    /// Hands the filled tensor over; an untaken one is replaced. Returns whether that happened.
    func put(_ frame: Frame, _ counts: FrameCounts) -> Bool {
        let isReplacement = lock.locked {
            let isReplacement = waiting != nil
            if isReplacement { replaced += 1 }
            waiting?.frame.image?.close()
            waiting = (frame, counts)
            (front, back) = (back, front)
            return isReplacement
        }
        filled.signal()
        return isReplacement
    }

    /// Waits until nothing is left to take. False when a signal came first.
    func waitUntilFree(_ clock: PipelineClock) -> Bool {
        while true {
            freed.clear()
            if lock.locked({ waiting == nil }) { return true }
            if clock.wait(freed.descriptor, atMost: nil).isStopped { return false }
        }
    }

    /// The last thing that the capturing thread does.
    func end() {
        lock.locked { hasEnded = true }
        filled.signal()
    }

    // MARK: - The network's side

    /// Waits for a frame and copies it to `tensor`, which is like the slot's.
    func take(into tensor: ImageInput.Tensor, _ clock: PipelineClock) -> Taken {
        while true {
            filled.clear()
            let taken: Taken? = lock.locked {
                guard let next = waiting else { return hasEnded ? .ended : nil }
                waiting = nil
                isImageInWork = next.frame.image != nil
                switch (tensor, front) {
                case (.bytes(let to), .bytes(let from)): clinux_copy(to.baseAddress!, from.baseAddress!, from.count)
                case (.values(let to), .values(let from)):
                    clinux_copy(to.baseAddress!, from.baseAddress!, from.count * MemoryLayout<Float>.stride)
                default: preconditionFailure("the slot is made for this network")
                }
                return .frame(next.frame, next.counts)
            }
            if let taken {
                freed.signal()
                return taken
            }
            if clock.wait(filled.descriptor, atMost: nil).isStopped { return .stopped }
        }
    }

    /// Since the start: frames that were replaced before the network had time for them.
    var replacedCount: UInt64 { lock.locked { replaced } }
}
