import Foundation
import Testing

@testable import Stream

@Suite struct CameraStateTests {
    let streaming = CameraLine(
        state: .streaming, camera: Array("usb \"cam\"".utf8), message: Array("streams".utf8),
        mode: .init(format: 0x4750_4A4D, width: 640, height: 480, rate: 29.97))

    func object(_ line: String?) throws -> NSDictionary {
        let line = try #require(line)
        return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? NSDictionary)
    }

    @Test func streamingTellsItsMode() throws {
        var writer = JSONWriter(capacity: StreamProtocol.stateLimit)
        let line = String(decoding: try writer.cameraLine(streaming), as: UTF8.self)
        let expected: NSDictionary = [
            "type": "camera", "state": "streaming", "camera": "usb \"cam\"", "message": "streams", "format": "MJPG",
            "width_px": 640, "height_px": 480, "rate_fps": 29.97,
        ]
        #expect(try object(line) == expected)
        // 'Y8  ', and a mode that does not hold any more.
        var other = streaming
        other.mode?.format = 0x2020_3859
        #expect(try object(String(decoding: writer.cameraLine(other), as: UTF8.self))["format"] as? String == "Y8")
        other.state = .stalled
        #expect(
            Set(try object(String(decoding: writer.cameraLine(other), as: UTF8.self)).allKeys as? [String] ?? [])
                == ["type", "state", "camera", "message"])
    }

    @Test func whatIsWrongHasAName() throws {
        var writer = JSONWriter(capacity: StreamProtocol.stateLimit)
        var line = streaming
        line.state = .unusable
        for reason in CameraLine.Reason.allCases {
            line.reason = reason
            let object = try object(String(decoding: writer.cameraLine(line), as: UTF8.self))
            #expect(object["state"] as? String == "unusable" && object["reason"] as? String == "\(reason.name)")
            #expect(object["format"] == nil)
        }
    }

    @Test func theLongestTextsFitIntoAState() throws {
        var writer = JSONWriter(capacity: StreamProtocol.stateLimit)
        let text = [UInt8](repeating: 1, count: 100_000)
        var line = streaming
        (line.camera, line.message) = (text, text)
        let object = try object(String(decoding: writer.cameraLine(line), as: UTF8.self))
        #expect((object["message"] as? String)?.utf8.count == StreamProtocol.stateTextLimit)
    }

    @Test func lateClientsGetTheLatestStateAfterTheHello() throws {
        let stream = try RunningServer()
        let early = try stream.client()
        var writer = JSONWriter(capacity: StreamProtocol.stateLimit)
        var line = streaming
        for state in [CameraLine.State.absent, .opening, .streaming, .stalled] {
            line.state = state
            stream.server.publish(state: try writer.cameraLine(line))
            stream.publish("a line")
        }
        let late = try stream.client()
        #expect(try object(try late.line())["state"] as? String == "stalled")
        stream.publish("the next")
        #expect(try late.line() == "the next")
        for state in ["absent", "opening", "streaming", "stalled"] {
            #expect(try object(try early.line())["state"] as? String == state)
            #expect(try early.line() == "a line")
        }
        #expect(try early.line() == "the next")
    }
}
