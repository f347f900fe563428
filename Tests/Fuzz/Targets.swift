/// Every target, in the order of `toolchains/fuzz --list`.
var allTargets: [any FuzzTarget.Type] {
    [
        JPEGTarget.self,
        ChangingJPEGTarget.self,
        ClientLineTarget.self,
        SplitterTarget.self,
        ModelTarget.self,
        CameraTarget.self,
        DriverTarget.self,
        ConverterTarget.self,
        PickleTarget.self,
        CheckpointTarget.self,
        SafetensorsTarget.self,
        DaemonLineTarget.self,
        ConfigurationTarget.self,
        BoardTarget.self,
        AnnotationsTarget.self,
        LabelsTarget.self,
    ]
}
