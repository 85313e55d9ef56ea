"""The Huawei Portal protocol, sans-IO: packets, dialogues, heartbeats and the differences between vendors."""
